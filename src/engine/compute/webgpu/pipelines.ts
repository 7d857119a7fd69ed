// Compute pipelines by variant, and bind groups by what they bind: both are made once.
import type { Shader, Variant } from './shader.ts'
import { kept, type PooledBuffer } from './pool.ts'

interface Pipeline {
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
      entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { minBindingSize: slotBytes } }],
    })
  }

  get({ key, shader, constants }: Variant): Pipeline {
    return kept(this.#pipelines, key, () => {
      const tensors = kept(this.#layouts, shader.bindings, () => this.#layout(shader.bindings))
      const compute = this.#device.createComputePipeline({
        label: key,
        layout: this.#device.createPipelineLayout({ bindGroupLayouts: [this.paramsLayout, tensors] }),
        compute: { module: this.#module(shader), entryPoint: 'main', constants },
      })
      return { id: this.#pipelines.size, compute, tensors }
    })
  }

  #module({ name, code }: Shader): GPUShaderModule {
    return kept(this.#modules, name, () => this.#device.createShaderModule({ label: name, code }))
  }

  #layout(bindings: string): GPUBindGroupLayout {
    return this.#device.createBindGroupLayout({
      entries: Array.from(bindings, (kind, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: kind === 'w' ? ('storage' as const) : ('read-only-storage' as const) },
      })),
    })
  }
}

/** Part of a buffer: `offset` is aligned, `at` is the rest in elements of so many bytes. */
export interface Bound {
  readonly buffer: PooledBuffer
  readonly offset: number
  readonly size: number
  readonly at: number
  readonly elementBytes: number
}

const mostKept = 4096

/** The group of the numbers on the way to it, and the ways on from it. */
interface Node {
  group: GPUBindGroup | null
  readonly next: Map<number, Node>
}

const newNode = (): Node => ({ group: null, next: new Map() })

export class BindGroups {
  readonly #device: GPUDevice
  readonly #reach: number
  #root = newNode()
  #count = 0

  /** `reach`: most bytes that are bound beside a tensor's own. */
  constructor(device: GPUDevice, reach: number) {
    this.#device = device
    this.#reach = reach
  }

  /** `places`: where each tensor begins in what is bound of its buffer, in elements. */
  get(pipeline: Pipeline, parts: readonly Bound[], kinds: string): { group: GPUBindGroup; places: readonly number[] } {
    const ranges = parts.map((_, i) => this.#range(parts, i, kinds))
    let node = after(this.#root, pipeline.id)
    for (let i = 0; i < parts.length; i++) {
      const { start, size } = ranges[i]
      node = after(after(after(node, parts[i].buffer.number), start), size)
    }
    const group = node.group ?? this.#make(node, pipeline, parts, ranges)
    return {
      group,
      places: parts.map(({ at, offset, elementBytes }, i) => at + (offset - ranges[i].start) / elementBytes),
    }
  }

  /** Call when buffers were destroyed: the groups would keep them. */
  forget(): void {
    this.#root = newNode()
    this.#count = 0
  }

  /**
   * The whole buffer of a part; of one that no binding takes whole, one of the windows that overlap by half. What is written beside
   * something else in its buffer is bound alone.
   */
  #range(parts: readonly Bound[], i: number, kinds: string): Range {
    const { buffer, offset, size } = parts[i]
    const half = Math.max(256, Math.floor(this.#reach / 512) * 256)
    const start = buffer.size <= this.#reach ? 0 : offset - (offset % half)
    const end = Math.min(buffer.size, start + this.#reach)
    if (offset + size > end) return { start: offset, size }
    if (kinds[i] === 'w')
      for (let j = 0; j < parts.length; j++) if (j !== i && parts[j].buffer === buffer) return { start: offset, size }
    return { start, size: end - start }
  }

  #make(node: Node, { tensors: layout }: Pipeline, parts: readonly Bound[], ranges: readonly Range[]): GPUBindGroup {
    if (this.#count++ >= mostKept) this.forget()
    const group = this.#device.createBindGroup({
      layout,
      entries: ranges.map(({ start, size }, binding) => ({
        binding,
        resource: { buffer: parts[binding].buffer.gpu, offset: start, size },
      })),
    })
    node.group = group
    return group
  }
}

/** Bytes of a buffer. */
interface Range {
  readonly start: number
  readonly size: number
}

const after = ({ next }: Node, step: number): Node => kept(next, step, newNode)
