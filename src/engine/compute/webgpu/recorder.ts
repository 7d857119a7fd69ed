// Records dispatches and copies into one command encoder and submits them.
import { EngineError } from '../../errors.ts'
import type { Dispatch } from './gpu.ts'
import { Pipelines, slotBytes, type Pipeline } from './pipelines.ts'
import type { PooledBuffer } from './pool.ts'
import type { Param } from './shader.ts'

/** Part of a buffer: `offset` is aligned, `at` is the rest in elements of so many bytes. */
export interface Bound {
  readonly buffer: PooledBuffer
  readonly offset: number
  readonly size: number
  readonly at: number
  readonly elementBytes: number
}

const slotsPerBuffer = 256
const maxBindGroups = 4096
/** Submitted at the latest after so many dispatches: drivers keep state for each that they have not begun. */
const dispatchesPerSubmit = 1024

/** A uniform buffer of parameter slots with the host's copy of it. */
interface ParamsBuffer {
  buffer: GPUBuffer
  words: Uint32Array
  group: GPUBindGroup
}

export class Recorder {
  readonly pipelines: Pipelines
  /** Floating point operations recorded since the last submit. */
  flops = 0
  readonly #device: GPUDevice
  readonly #params: ParamsBuffer[] = []
  #slots = 0
  #encoder: GPUCommandEncoder | null = null
  #pass: GPUComputePassEncoder | null = null
  readonly #bindGroups = new Map<string, GPUBindGroup>()
  /** Most bytes that are bound beside a tensor's own. */
  readonly #reach: number

  constructor(device: GPUDevice, reach: number) {
    this.#device = device
    this.#reach = reach
    this.pipelines = new Pipelines(device)
  }

  get empty(): boolean {
    return this.#encoder === null
  }

  dispatch({ variant, params, groups, flops = 0 }: Dispatch, parts: readonly Bound[]): void {
    if (groups[0] * groups[1] * groups[2] === 0) return
    const bound = this.#widened(parts, variant.shader.bindings)
    if (this.#slots >= dispatchesPerSubmit) this.submit()
    const pipeline = this.pipelines.get(variant)
    const { group, offset } = this.#writeParams(bound, params)
    this.#encoder ??= this.#device.createCommandEncoder()
    this.#pass ??= this.#encoder.beginComputePass()
    this.#pass.setPipeline(pipeline.compute)
    this.#pass.setBindGroup(0, group, [offset])
    this.#pass.setBindGroup(1, this.#bindGroup(pipeline, bound))
    this.#pass.dispatchWorkgroups(...groups)
    this.flops += flops
  }

  /** Offsets and size are in bytes, multiples of 4. */
  copy(source: GPUBuffer, from: number, target: GPUBuffer, to: number, bytes: number): void {
    this.#pass?.end()
    this.#pass = null
    this.#encoder ??= this.#device.createCommandEncoder()
    this.#encoder.copyBufferToBuffer(source, from, target, to, bytes)
  }

  submit(): void {
    if (!this.#encoder) return
    this.#pass?.end()
    for (let i = 0; i * slotsPerBuffer < this.#slots; i++) {
      const used = Math.min(slotsPerBuffer, this.#slots - i * slotsPerBuffer) * slotBytes
      const { buffer, words } = this.#params[i]
      this.#device.queue.writeBuffer(buffer, 0, words.buffer, 0, used)
    }
    this.#device.queue.submit([this.#encoder.finish()])
    this.discard()
  }

  /** Forgets what was recorded. */
  discard(): void {
    this.#encoder = null
    this.#pass = null
    this.#slots = 0
    this.flops = 0
  }

  /** Call when buffers were destroyed: cached bind groups would keep them. */
  forgetBindGroups(): void {
    this.#bindGroups.clear()
  }

  #writeParams(bound: readonly Bound[], params: readonly Param[]): { group: GPUBindGroup; offset: number } {
    const slot = this.#slots++
    const index = Math.floor(slot / slotsPerBuffer)
    const target = (this.#params[index] ??= this.#newParams())
    const offset = (slot % slotsPerBuffer) * slotBytes
    const words = new Uint32Array(target.words.buffer, offset, slotBytes / 4)
    if (bound.length + params.length > words.length) throw new EngineError('internal', 'too many shader parameters')
    const floats = new Float32Array(words.buffer, offset, words.length)
    let next = 0
    for (const { at } of bound) words[next++] = at
    for (const param of params) {
      if (typeof param === 'number') words[next++] = param
      else floats[next++] = param.f32
    }
    return { group: target.group, offset }
  }

  #newParams(): ParamsBuffer {
    const size = slotsPerBuffer * slotBytes
    const buffer = this.#device.createBuffer({ size, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST })
    const group = this.#device.createBindGroup({
      layout: this.pipelines.paramsLayout,
      entries: [{ binding: 0, resource: { buffer, size: slotBytes } }],
    })
    return { buffer, words: new Uint32Array(size / 4), group }
  }

  /**
   * Whole buffers in the place of their parts, so that one bind group serves them all; of a buffer that no binding takes whole, one of
   * the windows that overlap by half. What is written beside something else in its buffer is bound alone.
   */
  #widened(parts: readonly Bound[], kinds: string): readonly Bound[] {
    const half = Math.floor(this.#reach / 512) * 256
    return parts.map((part, i) => {
      const { buffer, offset, size, elementBytes } = part
      const start = buffer.size <= this.#reach ? 0 : offset - (offset % Math.max(256, half))
      const end = Math.min(buffer.size, start + this.#reach)
      if (offset + size > end) return part
      if (kinds[i] === 'w' && parts.some((other, j) => j !== i && other.buffer === buffer)) return part
      return { ...part, offset: start, size: end - start, at: part.at + (offset - start) / elementBytes }
    })
  }

  #bindGroup(pipeline: Pipeline, bound: readonly Bound[]): GPUBindGroup {
    let key = `${pipeline.id}`
    for (const { buffer, offset, size } of bound) key += `;${buffer.number},${offset},${size}`
    const known = this.#bindGroups.get(key)
    if (known) return known
    if (this.#bindGroups.size >= maxBindGroups) this.#bindGroups.clear()
    const group = this.#device.createBindGroup({
      layout: pipeline.tensors,
      entries: bound.map(({ buffer, offset, size }, binding) => ({
        binding,
        resource: { buffer: buffer.gpu, offset, size },
      })),
    })
    this.#bindGroups.set(key, group)
    return group
  }
}
