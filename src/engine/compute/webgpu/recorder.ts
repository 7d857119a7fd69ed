// Records dispatches and copies into one command encoder and submits them.
import { EngineError } from '../../errors.ts'
import { BindGroups, type Bound, Pipelines, slotBytes } from './pipelines.ts'
import type { Dispatch } from './shader.ts'
import type { BufferPool } from './pool.ts'
import { bytesOf } from '../tensor.ts'
import { bytesPerElement } from '../../dtype.ts'

const slotsPerBuffer = 256
/** Most dispatches of a submission: drivers keep state for each dispatch that has not started. */
const dispatchesPerSubmit = 1024
/** Most dispatches of a submission in a replay. It is smaller, so that the device starts while the rest is encoded. */
const replayedPerSubmit = 128

/** A uniform buffer of parameter slots with the host's copy of it. */
interface ParamsBuffer {
  buffer: GPUBuffer
  words: Uint32Array
  floats: Float32Array
  /** One bind group per slot: a dynamic offset would cost Dawn as much time as the rest of a dispatch. */
  groups: GPUBindGroup[]
}

/** All that the device needs of a dispatch, or of a copy: enough to encode it again. */
export type Entry =
  | {
      readonly compute: GPUComputePipeline
      readonly group: GPUBindGroup
      /** Its parameters, from the first word of a slot. */
      readonly words: Uint32Array
      readonly groups: Dispatch['groups']
      readonly flops: number
    }
  | { readonly copy: readonly [source: GPUBuffer, from: number, target: GPUBuffer, to: number, bytes: number] }

export class Recorder {
  /** Floating point operations recorded since the last submit. */
  flops = 0
  /** Receives the recorded entries while a program is recorded; else null. */
  kept: Entry[] | null = null
  readonly #device: GPUDevice
  readonly #pipelines: Pipelines
  readonly #bindGroups: BindGroups
  readonly #params: ParamsBuffer[] = []
  #slots = 0
  #encoder: GPUCommandEncoder | null = null
  #pass: GPUComputePassEncoder | null = null
  /** The pipeline and the bind group that are set in the pass. */
  #compute: GPUComputePipeline | null = null
  #group: GPUBindGroup | null = null

  /** `reach`: most bytes of a buffer that are bound around a tensor; 0 binds the tensor's own bytes only. */
  constructor(device: GPUDevice, reach: number) {
    this.#device = device
    this.#pipelines = new Pipelines(device)
    this.#bindGroups = new BindGroups(device, reach)
  }

  get empty(): boolean {
    return this.#encoder === null
  }

  dispatch({ variant, params, groups, flops = 0 }: Dispatch, parts: readonly Bound[]): void {
    if (groups[0] * groups[1] * groups[2] === 0) return
    const pipeline = this.#pipelines.get(variant)
    const { group, places } = this.#bindGroups.get(pipeline, parts, variant.shader.bindings)
    const slot = this.#newSlot()
    if (places.length + params.length > slotBytes / 4) throw new EngineError('internal', 'too many shader parameters')
    const { words, floats } = slot
    let next = slot.start
    for (const place of places) words[next++] = place
    for (const param of params) {
      if (typeof param === 'number') words[next++] = param
      else floats[next++] = param.f32
    }
    this.kept?.push({ compute: pipeline.compute, group, words: words.slice(slot.start, next), groups, flops })
    this.#encode(pipeline.compute, slot.group, group, groups)
    this.flops += flops
  }

  /** Offsets and size are in bytes, multiples of 4. */
  copy(...copy: Extract<Entry, { copy: unknown }>['copy']): void {
    this.kept?.push({ copy })
    this.#endPass()
    this.#encoder ??= this.#device.createCommandEncoder()
    this.#encoder.copyBufferToBuffer(...copy)
  }

  /** Encodes kept entries again, in submissions of up to about `mostFlops`. */
  replay(entries: readonly Entry[], submit: () => void, mostFlops: number): void {
    for (const entry of entries) {
      if ('copy' in entry) {
        this.copy(...entry.copy)
        continue
      }
      if (this.#slots >= replayedPerSubmit || this.flops > mostFlops) submit()
      const slot = this.#newSlot()
      slot.words.set(entry.words, slot.start)
      this.#encode(entry.compute, slot.group, entry.group, entry.groups)
      this.flops += entry.flops
    }
  }

  #encode(compute: GPUComputePipeline, params: GPUBindGroup, group: GPUBindGroup, groups: Dispatch['groups']): void {
    this.#encoder ??= this.#device.createCommandEncoder()
    const pass = (this.#pass ??= this.#encoder.beginComputePass())
    if (compute !== this.#compute) pass.setPipeline((this.#compute = compute))
    pass.setBindGroup(0, params)
    if (group !== this.#group) pass.setBindGroup(1, (this.#group = group))
    pass.dispatchWorkgroups(groups[0], groups[1], groups[2])
  }

  submit(): void {
    if (!this.#encoder) return
    this.#endPass()
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
    this.#endPass()
    this.#encoder = null
    this.#slots = 0
    this.flops = 0
  }

  /** Call when buffers were destroyed: cached bind groups would keep them. */
  forgetBindGroups(): void {
    this.#bindGroups.forget()
  }

  #endPass(): void {
    this.#pass?.end()
    this.#pass = null
    this.#compute = null
    this.#group = null
  }

  /** The next slot for parameters: the words of its buffer, the index of its first word, and its bind group. */
  #newSlot(): { words: Uint32Array; floats: Float32Array; start: number; group: GPUBindGroup } {
    if (this.#slots >= dispatchesPerSubmit) this.submit()
    const slot = this.#slots++
    const params = (this.#params[Math.floor(slot / slotsPerBuffer)] ??= this.#newParams())
    const { buffer, words, floats, groups } = params
    const offset = (slot % slotsPerBuffer) * slotBytes
    const group = (groups[slot % slotsPerBuffer] ??= this.#device.createBindGroup({
      layout: this.#pipelines.paramsLayout,
      entries: [{ binding: 0, resource: { buffer, offset, size: slotBytes } }],
    }))
    return { words, floats, start: offset / 4, group }
  }

  #newParams(): ParamsBuffer {
    const size = slotsPerBuffer * slotBytes
    const buffer = this.#device.createBuffer({ size, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST })
    const words = new Uint32Array(size / 4)
    return { buffer, words, floats: new Float32Array(words.buffer), groups: [] }
  }
}

/**
 * Keeps one dispatch from binding overlapping memory. WebGPU refuses a buffer that is bound both for reading and for
 * writing, and two overlapping bindings for writing; tensors of one arena often meet in a dispatch (a weight's and a
 * bias's gradient share an alignment unit). Such a tensor is copied to scratch, and back if it was written.
 */
export class Staging {
  /** Where copies are kept until the dispatch is done. */
  memory: Pick<BufferPool, 'acquire' | 'release'>
  readonly #recorder: Recorder

  constructor(memory: Staging['memory'], recorder: Recorder) {
    this.memory = memory
    this.#recorder = recorder
  }

  dispatch(dispatch: Dispatch, bound: readonly Bound[]): void {
    const kinds = dispatch.variant.shader.bindings
    if (!mayClash(bound)) return this.#recorder.dispatch(dispatch, bound)
    const staged = new Map<number, Bound>()
    for (let i = bound.length - 1; i >= 0; i--) {
      const clash = bound.some((other, j) => j !== i && !staged.has(j) && clashes(bound[i], kinds[i], other, kinds[j]))
      if (clash) staged.set(i, this.#copyIn(bound[i]))
    }
    if (staged.size === 0) return this.#recorder.dispatch(dispatch, bound)
    this.#recorder.dispatch(
      dispatch,
      bound.map((b, i) => staged.get(i) ?? b),
    )
    for (const [i, copy] of staged) {
      if (kinds[i] === 'w') this.#copyBack(copy, bound[i], dispatch.tensors[i])
      this.memory.release(copy.buffer)
    }
  }

  #copyIn(part: Bound): Bound {
    const buffer = this.memory.acquire(part.size)
    this.#recorder.copy(part.buffer.gpu, part.offset, buffer.gpu, 0, part.size)
    return { ...part, buffer, offset: 0 }
  }

  /** Copies the tensor's own words back and no others: the dispatch may have written the rest of the aligned window. */
  #copyBack(copy: Bound, part: Bound, tensor: Dispatch['tensors'][number]): void {
    const start = (part.at * bytesPerElement[tensor.dtype]) & ~3
    const end = Math.ceil((part.at * bytesPerElement[tensor.dtype] + bytesOf(tensor)) / 4) * 4
    this.#recorder.copy(copy.buffer.gpu, start, part.buffer.gpu, part.offset + start, end - start)
  }
}

function mayClash(bound: readonly Bound[]): boolean {
  for (let i = 1; i < bound.length; i++)
    for (let j = 0; j < i; j++) if (bound[i].buffer === bound[j].buffer) return true
  return false
}

function clashes(a: Bound, kindA: string, b: Bound, kindB: string): boolean {
  if (a.buffer !== b.buffer || (kindA === 'r' && kindB === 'r')) return false
  if (kindA !== kindB) return true
  return a.offset < b.offset + b.size && b.offset < a.offset + a.size
}
