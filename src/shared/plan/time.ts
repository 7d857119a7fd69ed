// How long a run takes, from its floating-point operations: good to a factor of about two, enough to tell minutes from
// hours. `run` shows a measured remaining time as soon as it runs.
import type { DataFacts, MachineFacts, ModelFacts } from '../recipe/facts.ts'
import type { ResolvedRecipe } from '../recipe/resolve.ts'
import { modelSize } from './modelSize.ts'

/**
 * Useful operations a second: matrix products of one CPU thread, of a GPU. The CPU's is what whole runs reached on a
 * server core (bench/RESULTS.md); a GPU's is a guess on the low side.
 */
const perThread = 60e9
const perGpu = 2e12
/** Reading, starting threads, compiling shaders. */
const startSeconds = 3
/** Of English text. */
const bytesPerToken = 4

/** Seconds. `data` tells how much text is evaluated. */
export function estimateSeconds(
  recipe: ResolvedRecipe,
  model: ModelFacts,
  machine: MachineFacts,
  data: ReadonlyMap<string, DataFacts> = new Map(),
): number {
  const rate = machine.gpu ? perGpu : perThread * Math.max(1, machine.threads)
  return startSeconds + (trainingOperations(recipe, model) + evaluationOperations(recipe, model, data)) / rate
}

function trainingOperations(recipe: ResolvedRecipe, model: ModelFacts): number {
  const { prune, recover, calibration } = recipe
  const { blocks, head, adapted, widest } = modelSize(model, recipe)
  const calibrationTokens = calibration ? calibration.samples * calibration.seq_len : 0
  const looks = prune.some((s) => s.method === 'wanda' || s.method === 'sparsegpt') || recover?.mode === 'reconstruct'
  // A product of a token with a weight is two operations; once through the dense block, once through the pruned one.
  let operations = looks ? 2 * 2 * blocks * calibrationTokens : 0
  if (prune.some((s) => s.method === 'sparsegpt')) operations += 3 * blocks * widest
  if (!recover) return operations
  const weights = recover.train.includes('full') || adapted > 0
  const perToken = 2 * (recover.mode === 'retrain' ? blocks + head : blocks)
  // Forward, backward to the inputs, backward to the weights; retraining runs each block's forward again.
  const passes = 2 + (weights ? 1 : 0) + (recover.mode === 'retrain' ? 1 : 0)
  const seqLen = recover.mode === 'retrain' ? recover.seq_len : (calibration?.seq_len ?? 0)
  const tokens = recover.steps * recover.batch_size * recover.grad_accumulation * seqLen
  operations += perToken * passes * tokens
  // Errors before and after, over the whole set.
  if (recover.mode === 'reconstruct') operations += 2 * 2 * blocks * calibrationTokens
  return operations
}

function evaluationOperations(
  { evaluate, recover }: ResolvedRecipe,
  { modelConfig, modules }: ModelFacts,
  data: ReadonlyMap<string, DataFacts>,
): number {
  if (!modelConfig) return 0
  const linears = modules.reduce((n, m) => (m.kind === 'linear' ? n + m.rows * m.columns : n), 0)
  const perToken = 2 * (linears + modelConfig.vocabSize * modelConfig.embedSize)
  return evaluate.reduce((sum, { data: path, at, every, field }) => {
    const file = data.get(path)
    const shape = file?.shapes.get(field ?? [...file.shapes.keys()][0])
    const tokens = shape ? shape.reduce((a, b) => a * b, 1) : (file?.bytes ?? 0) / bytesPerToken
    const units = recover?.mode === 'retrain' ? recover.steps : modelConfig.numBlocks
    const between = every && recover ? Math.floor(units / every) : 0
    return sum + perToken * tokens * (at.length + between)
  }, 0)
}

/** `40 s`, `6 min`, `3.5 h`. */
export function roughDuration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  const hours = seconds / 3600
  return hours < 48 ? `${hours < 10 ? hours.toFixed(1) : Math.round(hours)} h` : `${Math.round(hours / 24)} days`
}
