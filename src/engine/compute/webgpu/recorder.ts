// Records dispatches and copies into one command encoder and submits them.
import { EngineError } from '../../errors.ts'
import type { Dispatch } from './gpu.ts'
import { Pipelines, slotBytes, type Pipeline } from './pipelines.ts'
import type { Param } from './shader.ts'

/** Part of a buffer as bound: `offset` is aligned, `at` is the rest in elements. */
export interface Bound {
  readonly buffer: GPUBuffer
  readonly offset: number
  readonly size: number
  readonly at: number
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
  readonly #bufferIds = new WeakMap<GPUBuffer, number>()
  #nextBufferId = 0

  constructor(device: GPUDevice) {
    this.#device = device
    this.pipelines = new Pipelines(device)
  }

  get empty(): boolean {
    return this.#encoder === null
  }

  dispatch({ variant, params, groups, flops = 0 }: Dispatch, bound: readonly Bound[]): void {
    if (groups[0] * groups[1] * groups[2] === 0) return
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

  #bindGroup(pipeline: Pipeline, bound: readonly Bound[]): GPUBindGroup {
    const key = `${pipeline.id}:${bound.map((b) => `${this.#bufferId(b.buffer)},${b.offset},${b.size}`).join(';')}`
    const known = this.#bindGroups.get(key)
    if (known) return known
    if (this.#bindGroups.size >= maxBindGroups) this.#bindGroups.clear()
    const group = this.#device.createBindGroup({
      layout: pipeline.tensors,
      entries: bound.map(({ buffer, offset, size }, binding) => ({ binding, resource: { buffer, offset, size } })),
    })
    this.#bindGroups.set(key, group)
    return group
  }

  #bufferId(buffer: GPUBuffer): number {
    const known = this.#bufferIds.get(buffer)
    if (known !== undefined) return known
    const id = this.#nextBufferId++
    this.#bufferIds.set(buffer, id)
    return id
  }
}
