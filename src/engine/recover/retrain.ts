// Retraining (docs/methods.md, "Retraining"): the whole pruned model on the language-model loss, as the HF Trainer does it.
import { Arena } from '../compute/arena.ts'
import { itemsAtOnce } from '../compute/backend.ts'
import type { Decoder } from '../model/decoder.ts'
import type { GradientOptions, PendingLoss } from '../model/gradients.ts'
import { EngineError } from '../errors.ts'
import { breathe } from '../breathe.ts'
import { batchOf, countTargets, rowsOfStep, type TrainingWindows } from './batches.ts'
import { retrainGuard } from './divergence.ts'
import { createOptimiser, type StepResult, type TrainingSettings, warmupSteps } from './optimiser.ts'
import type { Trainables } from './trainables.ts'

interface RetrainOptions {
  /** The decoder, made with `training` and with the trained parameters as overrides. */
  readonly decoder: Decoder
  /** The dense model that the loss compares with, and its share of the loss; absent: cross-entropy alone. */
  readonly dense?: GradientOptions['dense']
  readonly trainables: Trainables
  readonly windows: TrainingWindows
  readonly settings: TrainingSettings
  /** Steps that `trainables` has already been trained for, in a resumed run. */
  readonly firstStep: number
  /** Losses of those steps, as `rememberLoss` keeps them. */
  readonly losses: readonly number[]
  readonly signal?: AbortSignal
  /** Awaited before every step: a run that is paused waits here. */
  readonly pausePoint?: () => Promise<void>
  /** Called after each step, counted from 1, and awaited: it may evaluate and save. */
  readonly onStep: (done: number, result: StepResult, tokensPerSecond: number) => Promise<void>
}

/**
 * Minimises the loss, a mean over all counted targets of a step's batches, with AdamW, warm-up, linear decay and clipping of the global
 * norm. The loss is cross-entropy, or also compares with `dense`. Leaves the trained values in `trainables`.
 * @throws EngineError 'numeric' when the loss is not a number or diverges.
 */
export async function retrain(options: RetrainOptions): Promise<void> {
  const { decoder, trainables, settings, signal } = options
  const { steps } = settings
  const optimiser = createOptimiser(decoder.backend, trainables.parameters, {
    ...settings,
    warmup: warmupSteps('retrain', steps),
    guard: retrainGuard(decoder.model.config.vocabSize, options.losses),
    where: 'retraining',
  })
  try {
    for (let step = options.firstStep; step < steps; step++) {
      await breathe(signal)
      await options.pausePoint?.()
      const begun = performance.now()
      using held = new Arena(decoder.backend)
      const { readLoss, tokens } = await addGradients(options, step, held)
      trainables.maskGradients()
      const result = await optimiser.finish(step, readLoss)
      trainables.changed()
      await options.onStep(step + 1, result, (1000 * tokens) / (performance.now() - begun))
    }
  } finally {
    optimiser.close()
  }
}

/** Forward and backward of a step's batches: their gradients add up to that of one mean over all their targets. Losses are in `held`. */
async function addGradients(
  { decoder, dense, trainables, windows, settings, signal }: RetrainOptions,
  step: number,
  held: Arena,
): Promise<{ readLoss: () => Promise<number>; tokens: number }> {
  const together = itemsAtOnce(decoder.backend, settings.batchSize, windows.seqLen)
  const batches = rowsOfStep({ ...settings, windows: windows.windows }, step, together)
  // Batches are made twice rather than kept: a step may have more of them than memory holds.
  const counts: number[] = []
  for (const rows of batches) {
    await breathe(signal)
    counts.push(countTargets(batchOf(windows, rows)))
  }
  const total = counts.reduce((a, b) => a + b, 0)
  if (total === 0)
    throw new EngineError(
      'bad-data',
      `retraining, step ${step + 1}: none of its rows has two tokens; remove empty rows`,
    )
  const parts: { loss: PendingLoss; count: number }[] = []
  let tokens = 0
  for (const [part, count] of counts.entries()) {
    const rows = batchOf(windows, batches[part])
    tokens += rows.ids.length
    if (count === 0) continue
    const pass = { adapterOf: trainables.adapterOf, signal, targetWeight: 1 / total, dense }
    parts.push({ loss: await decoder.gradients(rows, trainables.grads, held, pass), count })
  }
  const readLoss = async () => {
    const found = await Promise.all(parts.map(({ loss }) => loss.read()))
    return found.reduce((sum, { loss }, i) => sum + (loss * parts[i].count) / total, 0)
  }
  return { readLoss, tokens }
}
