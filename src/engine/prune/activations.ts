// Hidden states of the calibration set between two blocks: in memory up to a budget, on disk beyond it.
import type { Arena } from '../compute/arena.ts'
import type { Tensor } from '../compute/tensor.ts'

/** Hidden states [windows · seqLen, channels], read and written a few windows at a time. */
export interface Activations {
  readonly windows: number
  readonly seqLen: number
  readonly channels: number
  /** Windows [start, end) as [(end − start) · seqLen, channels]: a view, or a copy in `arena`. Do not write to it. */
  load(arena: Arena, start: number, end: number): Promise<Tensor>
  /** Replaces the windows from `start` on by `rows`, which may be released at once. */
  store(start: number, rows: Tensor): Promise<void>
  close(): Promise<void>
}
