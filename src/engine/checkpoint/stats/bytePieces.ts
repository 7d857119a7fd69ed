// Bytes of a tensor in pieces, the next one being read while the caller works on this one.
import { throwIfCancelled } from '../../errors.ts'
import type { Checkpoint } from '../checkpoint.ts'

export interface BytePiece {
  /** Index of the buffer that begins with the piece; it is valid until the next piece is requested. */
  readonly turn: 0 | 1
  readonly bytes: number
}

/** Two of the same length: that of all pieces but the last. */
export type Buffers = readonly [Uint8Array, Uint8Array]

/** Bytes [start, end) of a tensor, read into the buffers by turns. @throws EngineError 'cancelled' or of the read. */
export async function* bytePieces(
  checkpoint: Checkpoint,
  name: string,
  { start, end }: { readonly start: number; readonly end: number },
  buffers: Buffers,
  signal?: AbortSignal,
): AsyncGenerator<BytePiece> {
  const step = buffers[0].length
  const read = (from: number, turn: 0 | 1) =>
    checkpoint.readInto(name, from, buffers[turn].subarray(0, Math.min(step, end - from)))
  let turn: 0 | 1 = 0
  let next = read(start, turn)
  for (let from = start; from < end; from += step) {
    throwIfCancelled(signal)
    await next
    const filled: 0 | 1 = turn
    turn = filled === 0 ? 1 : 0
    if (from + step < end) {
      next = read(from + step, turn)
      // If the caller stops earlier, this read is never awaited: its error must not count as unhandled.
      next.catch(() => {})
    }
    yield { turn: filled, bytes: Math.min(step, end - from) }
  }
}
