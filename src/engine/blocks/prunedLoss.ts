// The loss of a model that is pruned only to find out how good that is: block after block goes by, and nothing of it is kept.
import { Arena } from '../compute/arena.ts'
import { breathe } from '../breathe.ts'
import type { Decoder } from '../model/decoder.ts'
import { embedAll, runBlock, windowOf, type Flow } from './flow.ts'
import { walkBlocks, type BlockWalk } from './walkBlocks.ts'

/** Mean nll of each window of `judged` under the model that the walk makes. `decoder`: of the dense model, for its head. NaN and infinity are answers too. */
export async function prunedLosses(walk: BlockWalk, judged: Flow, decoder: Decoder): Promise<number[]> {
  const { backend, set, stream, signal } = judged
  const hidden = await embedAll(judged)
  try {
    for await (const { block } of walkBlocks(walk)) await runBlock(judged, block, hidden, hidden)
    const losses: number[] = []
    for (let w = 0; w < set.windows; w++) {
      await breathe(signal)
      using arena = new Arena(backend)
      const output = await hidden.load(arena, w, w + 1)
      const nll = await decoder.nllFrom(stream.blockCount, output, windowOf(set, w), { signal })
      losses.push(nll.reduce((a, b) => a + b, 0) / (set.seqLen - 1))
    }
    return losses
  } finally {
    await hidden.close()
  }
}
