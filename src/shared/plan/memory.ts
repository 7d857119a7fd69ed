// Peak memory of a run, from what the engine keeps at one time: an estimate, good to a factor of about 1.5.
import type { ModelFacts } from '../recipe/facts.ts'
import type { ResolvedRecipe } from '../recipe/resolve.ts'
import { modelSize } from './modelSize.ts'
import { pruneCost } from './pruneCost.ts'

/** Node, worker threads, BLAS buffers and staging. */
const overheadBytes = 250e6
/** Value, gradient and two moments, f32. */
const bytesPerTrained = 16
/** Windows of about so many tokens go through a block at once where nothing is trained. */
const passTokens = 2048

/** Bytes. Blocks stream through memory one at a time, so the size of the whole model is not in it. */
export function estimateMemory(recipe: ResolvedRecipe, model: ModelFacts): number {
  const config = model.modelConfig
  if (!config) return 0
  const size = modelSize(model, recipe)
  const { recover, calibration } = recipe
  const seqLen = recover?.mode === 'retrain' ? recover.seq_len : (calibration?.seq_len ?? 0)
  const batch = recover?.batch_size ?? 1
  const tokens = recover ? batch * seqLen : Math.max(seqLen, passTokens)
  // What a block's forward leaves for its backward: a dozen vectors of each width, and attention's scores.
  const wide = 12 * config.hiddenSize + 3 * config.intermediateSize + config.numHeads * Math.min(seqLen, 4096)
  const activations = 4 * tokens * wide
  const blockInputs = recover?.mode === 'retrain' ? 4 * tokens * config.hiddenSize * config.numBlocks : 0
  const pruning = pruneCost(recipe, config).bytes
  const block = 4 * size.largestBlock * (recover?.mode === 'reconstruct' ? 2 : 1)
  return overheadBytes + block + 4 * size.adapted + bytesPerTrained * size.trained + activations + blockInputs + pruning
}
