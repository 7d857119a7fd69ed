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

/** Part of a buffer: `offset` is aligned, and `at` is the rest of the tensor's offset, in elements of `elementBytes`. */
export interface Bound {
  readonly buffer: PooledBuffer
  readonly offset: number
  readonly size: number
  readonly at: number
  readonly elementBytes: number
}

const mostKept = 4096

/** A node of a trie. Its path is what identifies a bind group: the pipeline, then the buffer, start and size of each binding. */
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

  /** `reach`: most bytes of a buffer that are bound around a tensor; 0 binds the tensor's own bytes only. */
  constructor(device: GPUDevice, reach: number) {
    this.#device = device
    this.#reach = reach
  }

  /** `places`: the offset of each tensor from the start of its binding, in elements. */
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
   * What is bound for a part: its whole buffer or, if that exceeds `reach`, one of the windows that overlap by half. A tensor that is
   * written while another tensor of its buffer is bound gets a binding of its own bytes only.
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
