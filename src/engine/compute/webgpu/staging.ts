// Keeps one dispatch from binding overlapping memory. WebGPU refuses a buffer that is bound both for reading and for
// writing, and two overlapping bindings for writing; tensors of one arena often meet in a dispatch (a weight's and a
// bias's gradient share an alignment unit). Such a tensor is copied to scratch, and back if it was written.
import type { Dispatch } from './gpu.ts'
import type { BufferPool } from './pool.ts'
import type { Bound } from './bindGroups.ts'
import type { Recorder } from './recorder.ts'
import { bytesOf } from '../tensor.ts'
import { bytesPerElement } from '../../dtype.ts'

export class Staging {
  /** Where copies lie until the dispatch is done. */
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
