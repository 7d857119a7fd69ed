// Perplexity by the convention of SparseGPT and PERP (docs/methods.md, "Perplexity"): exp of the mean nll of the tokens that count. Windows
// without overlap predict seqLen − 1 tokens each, so this is the plain mean of their means.
import { passTokens } from '../../plan/memory.ts'
import { itemsAtOnce } from '../compute/backend.ts'
import { EngineError } from '../errors.ts'
import { type Batch, rowsOf } from '../model/batch.ts'
import type { Decoder } from '../model/decoder.ts'
import type { PassOptions } from '../model/pass.ts'
import type { Windows } from '../text/windows.ts'

export interface PerplexityOptions extends Pick<PassOptions, 'adapterOf' | 'signal'> {
  /** Awaited: a paused run waits in it. */
  readonly onProgress?: (windows: number, total: number) => Promise<void> | void
}

export interface Perplexity {
  readonly perplexity: number
  /** Mean nll of the tokens that count; perplexity = exp(loss). */
  readonly loss: number
  /** Number of ids: windows · seqLen. */
  readonly tokens: number
  readonly windows: number
  readonly seqLen: number
  readonly seconds: number
}

/** Tokens whose hidden states go through a block together where blocks are read again for each group of windows. */
const streamedTokens = 32768

/**
 * Perplexity of the decoder's model on windows of ids [windows, seqLen], 2 ids a window or more.
 * @throws EngineError 'numeric' when the loss is not finite, 'bad-data' for no windows or too short ones, or 'cancelled'.
 */
export async function evaluatePerplexity(
  decoder: Decoder,
  set: Windows,
  { onProgress, ...pass }: PerplexityOptions = {},
): Promise<Perplexity> {
  const begun = performance.now()
  const { windows, seqLen } = set
  if (windows === 0 || seqLen < 2) {
    throw new EngineError(
      'bad-data',
      `${windows} windows of ${seqLen} tokens predict nothing; perplexity needs 2 tokens or more`,
    )
  }
  const streamed = decoder.residency.residentBlocks < decoder.model.config.numBlocks
  const together = Math.floor((streamed ? streamedTokens : passTokens) / seqLen)
  const perGroup = itemsAtOnce(decoder.backend, Math.min(windows, together), seqLen)
  const perPass = Math.max(1, Math.min(perGroup, Math.floor(passTokens / seqLen)))
  let sum = 0
  let counted = 0
  for (let start = 0; start < windows; start += perGroup) {
    const end = Math.min(start + perGroup, windows)
    const batches: Batch[] = []
    for (let at = start; at < end; at += perPass) batches.push(rowsOf(set, at, Math.min(at + perPass, end)))
    const losses = await decoder.forwardNll(batches, pass)
    for (const [i, batch] of batches.entries()) {
      const total = totalOf(batch, losses[i])
      sum += total.nll
      counted += total.counted
    }
    await onProgress?.(end, windows)
  }
  const loss = sum / counted
  if (!Number.isFinite(loss)) {
    throw new EngineError(
      'numeric',
      `the loss is ${loss}; the weights contain NaN or infinity, or overflow on this text; check them with sparsescope inspect --stats`,
    )
  }
  const seconds = (performance.now() - begun) / 1000
  return { perplexity: Math.exp(loss), loss, tokens: windows * seqLen, windows, seqLen, seconds }
}

/** Σ of the nll of the targets that count, and their number. */
function totalOf({ batch, seqLen, labels }: Batch, losses: Float32Array): { nll: number; counted: number } {
  let [nll, counted] = [0, 0]
  for (let b = 0; b < batch; b++) {
    for (let t = b * seqLen; t + 1 < (b + 1) * seqLen; t++) {
      if (labels && labels[t + 1] < 0) continue
      nll += losses[t]
      counted++
    }
  }
  return { nll, counted }
}
