// One optimiser step over a parameter arena: loss and gradient norm come back in a single read, then clipping and AdamW.
import { type Backend, readF32 } from '../compute/backend.ts'
import { scalarStride, slice, type Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import { Diverged, type LossGuard } from './divergence.ts'
import type { ParameterArena } from './parameterArena.ts'

// The learning rate warms up linearly and then decays linearly to 0 (docs/methods.md, "Optimiser and schedule").

type RecoverMode = 'retrain' | 'reconstruct'

/** A tenth of the steps: rounded up when retraining (the HF Trainer), down when reconstructing (PERP's code). */
export function warmupSteps(mode: RecoverMode, steps: number): number {
  return mode === 'retrain' ? Math.ceil(0.1 * steps) : Math.floor(0.1 * steps)
}

/** Rate of step `step` = 0, 1, …: peak·t/W for t < W, then peak·(T − t)/(T − W). With a warm-up, the first is 0. */
export function learningRate(peak: number, step: number, steps: number, warmup: number): number {
  if (step < warmup) return (peak * step) / warmup
  return (peak * Math.max(0, steps - step)) / Math.max(1, steps - warmup)
}

/** Settings of the steps of retraining and reconstruction. */
export interface TrainingSettings {
  readonly steps: number
  /** Peak rate of AdamW. */
  readonly lr: number
  readonly weightDecay: number
  /** Largest global norm of the gradient; null = off. */
  readonly clipNorm: number | null
  readonly batchSize: number
  /** Batches whose gradients add up before one optimiser step. */
  readonly gradAccumulation: number
  /** null = windows in order. */
  readonly shuffleSeed: number | null
  /** Path of the recovery in its recipe, for messages; `recover` by default. */
  readonly place?: string
}

interface OptimiserSettings {
  readonly steps: number
  readonly warmup: number
  /** Peak rate of AdamW (β 0.9 and 0.999, ε 1e-8). */
  readonly lr: number
  readonly weightDecay: number
  /** Largest global gradient norm; null = off. */
  readonly clipNorm: number | null
  /** Factor from the sum in `loss` to the step's loss. */
  readonly lossScale?: number
  readonly guard: LossGuard
  /** Name in messages: "block 3" or "retraining". */
  readonly where: string
  /** Path of the recovery in its recipe, for messages; `recover` by default. */
  readonly place?: string
}

export interface StepResult {
  readonly loss: number
  /** Norm before clipping; a scale vector counts `rank` times. */
  readonly gradNorm: number
  readonly lr: number
}

interface Optimiser {
  /** One element, to which each batch adds its loss. */
  readonly loss: Tensor
  /**
   * Ends step `step` = 0, 1, …: reads, checks, clips, updates, and clears gradients and loss for the next one.
   * `readLoss`, if given, reads the loss in place of the sum on the device. It is called with the other read, so both share one wait.
   */
  finish(step: number, readLoss?: () => Promise<number>): Promise<StepResult>
  close(): void
}

export function createOptimiser(backend: Backend, parameters: ParameterArena, settings: OptimiserSettings): Optimiser {
  const scalars = backend.allocate('f32', [scalarStride * (1 + parameters.normTerms.length)])
  const loss = slice(scalars, 0, [1])
  const terms = parameters.normTerms.map((_, i) => slice(scalars, scalarStride * (1 + i), [1]))
  backend.kernels.fill(scalars, 0)
  parameters.clearGrads()
  return {
    loss,
    async finish(step, readLoss) {
      parameters.addSquares(terms)
      const [values, loss] = await Promise.all([readF32(backend, scalars), readLoss?.()])
      const squares = parameters.normTerms.reduce(
        (sum, term, i) => sum + term.copies * values[scalarStride * (1 + i)],
        0,
      )
      const result = {
        loss: loss ?? values[0] * (settings.lossScale ?? 1),
        gradNorm: Math.sqrt(squares),
        lr: learningRate(settings.lr, step, settings.steps, settings.warmup),
      }
      check(result, step, settings)
      parameters.adamw({
        lr: result.lr,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        weightDecay: settings.weightDecay,
        step: step + 1,
        gradScale: clipFactor(result.gradNorm, settings.clipNorm),
      })
      parameters.clearGrads()
      backend.kernels.fill(scalars, 0)
      return result
    },
    close: () => backend.release(scalars),
  }
}

/** The factor that clips gradients, as in torch's clip_grad_norm_, which adds 1e-6 to the norm. */
function clipFactor(gradNorm: number, clipNorm: number | null): number {
  return clipNorm === null ? 1 : Math.min(1, clipNorm / (gradNorm + 1e-6))
}

function check(
  { loss, gradNorm, lr }: StepResult,
  step: number,
  { where, place = 'recover', guard }: OptimiserSettings,
): void {
  const at = `${where}, step ${step + 1}`
  // The learning rate cannot be at fault before the first update.
  const failed = (what: string) => (step > 0 ? new Diverged(what) : new EngineError('numeric', what))
  const rate = step > 0 ? `lower ${place}.lr (the rate here is ${lr.toPrecision(3)}), or ` : ''
  const hint = `${rate}check the data and the pruned model; nothing was saved`
  if (!Number.isFinite(loss)) throw failed(`${at}: the loss is not a number (${loss}): ${hint}`)
  if (!Number.isFinite(gradNorm)) throw failed(`${at}: the gradient is not a number (norm ${gradNorm}): ${hint}`)
  const limit = guard.passed(loss)
  if (limit !== null)
    throw failed(`${at}: the loss diverges (${loss.toPrecision(4)}; the limit is ${limit.toPrecision(4)}): ${hint}`)
}
