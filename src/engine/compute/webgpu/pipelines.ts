// Compute pipelines by variant, and bind groups by what they bind: both are made once.
import type { Shader, Variant } from './shader.ts'

export interface Pipeline {
  readonly id: number
  readonly compute: GPUComputePipeline
  readonly tensors: GPUBindGroupLayout
}

/** Bytes of one parameter slot: a multiple of every device's uniform alignment. */
export const slotBytes = 256

export class Pipelines {
  readonly paramsLayout: GPUBindGroupLayout
  readonly #device: GPUDevice
  readonly #layouts = new Map<string, GPUBindGroupLayout>()
  readonly #modules = new Map<string, GPUShaderModule>()
  readonly #pipelines = new Map<string, Pipeline>()

  constructor(device: GPUDevice) {
    this.#device = device
    this.paramsLayout = device.createBindGroupLayout({
      entries: [
        {
          binding: 0,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { minBindingSize: slotBytes },
        },
      ],
    })
  }

  get(variant: Variant): Pipeline {
    const known = this.#pipelines.get(variant.key)
    if (known) return known
    const tensors = this.#layout(variant.shader.bindings)
    const compute = this.#device.createComputePipeline({
      label: variant.key,
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [this.paramsLayout, tensors] }),
      compute: { module: this.#module(variant.shader), entryPoint: 'main', constants: variant.constants },
    })
    const pipeline = { id: this.#pipelines.size, compute, tensors }
    this.#pipelines.set(variant.key, pipeline)
    return pipeline
  }

  #module({ name, code }: Shader): GPUShaderModule {
    const module = this.#modules.get(name) ?? this.#device.createShaderModule({ label: name, code })
    this.#modules.set(name, module)
    return module
  }

  #layout(bindings: string): GPUBindGroupLayout {
    const known = this.#layouts.get(bindings)
    if (known) return known
    const layout = this.#device.createBindGroupLayout({
      entries: Array.from(bindings, (kind, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: kind === 'w' ? ('storage' as const) : ('read-only-storage' as const) },
      })),
    })
    this.#layouts.set(bindings, layout)
    return layout
  }
}
