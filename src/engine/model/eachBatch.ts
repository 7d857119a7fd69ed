import { Arena } from '../compute/arena.ts'
import { breathe } from '../breathe.ts'
import { itemsAtOnce } from '../compute/rowLimit.ts'
import type { Step } from './module.ts'

/** About how many tokens a pass has that trains nothing: enough for full speed, few enough for one block's activations. */
const tokensPerPass = 2048

/** Settings of a pass over unpadded windows. */
export interface WindowPass extends Pick<Step, 'backend' | 'seqLen' | 'observe' | 'adapterOf'> {
  readonly windows: number
  readonly signal?: AbortSignal
}

/** Runs `body` for all windows, a few at a time; what it puts into the step's arena is released when it returns. */
export async function eachBatch(
  { backend, windows, seqLen, observe, adapterOf, signal }: WindowPass,
  body: (step: Step, start: number, end: number) => Promise<void>,
): Promise<void> {
  const batch = itemsAtOnce(backend, Math.min(windows, Math.floor(tokensPerPass / seqLen)), seqLen)
  for (let start = 0; start < windows; start += batch) {
    await breathe(signal)
    const end = Math.min(start + batch, windows)
    const arena = new Arena(backend)
    try {
      await body({ backend, arena, batch: end - start, seqLen, keyMask: null, observe, adapterOf }, start, end)
    } finally {
      arena.close()
    }
  }
}
