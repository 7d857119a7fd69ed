// Reconstruction (docs/methods.md, "Reconstruction"): a unit of the model, pruned, is trained towards the outputs that it had when dense.
import { Arena } from '../compute/arena.ts'
import { type Backend, itemsAtOnce, readF32 } from '../compute/backend.ts'
import { rows, scalarStride, slice, type Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import { breathe } from '../breathe.ts'
import { eachBatch } from '../model/pass.ts'
import type { Grads, Step } from '../model/module.ts'
import { Diverged, reconstructGuard } from './divergence.ts'
import { createOptimiser, type StepResult, type TrainingSettings, warmupSteps } from './optimiser.ts'
import { rowsOfStep } from './batches.ts'
import type { Trainables } from './trainables.ts'

/** A block, or a part of one, that is trained. `S` is what its forward leaves for its backward. */
export interface Unit<S> {
  forward(step: Step, input: Tensor, save: boolean): Promise<{ output: Tensor; saved: S | null }>
  backward(step: Step, saved: S, dOutput: Tensor, grads: Grads): Promise<void>
}

/** Hidden states [windows · seqLen, channels] of the calibration set. */
export interface HiddenStates {
  readonly windows: number
  readonly seqLen: number
  readonly channels: number
  load(arena: Arena, start: number, end: number): Promise<Tensor>
}

/** Gradients of one unit are not clipped. */
export type ReconstructSettings = Omit<TrainingSettings, 'clipNorm'>

export interface ReconstructOptions<S> {
  readonly backend: Backend
  readonly unit: Unit<S>
  readonly trainables: Trainables
  readonly inputs: HiddenStates
  readonly targets: HiddenStates
  readonly settings: ReconstructSettings
  /** Name in messages: "block 3". */
  readonly where: string
  readonly signal?: AbortSignal
  /** Awaited before every step: a run that is paused waits here. */
  readonly pausePoint?: () => Promise<void>
  readonly onStep?: (step: number, result: StepResult, tokensPerSecond: number) => void
}

export interface Reconstruction {
  /** Mean squared error over the whole set, before the first step. */
  readonly errorBefore: number
  /** Mean squared error after the last step, with adapters not yet merged. */
  readonly errorAfter: number
}

/** An error below this share of the targets' mean square is rounding. */
const exactShare = 1e-10

/**
 * Minimises the mean squared error over all elements with AdamW, without clipping, and leaves the trained values in
 * `trainables`. A unit whose outputs already match the targets is not trained.
 * @throws EngineError 'numeric' when the loss is not a number or diverges.
 */
export async function reconstruct<S>(options: ReconstructOptions<S>): Promise<Reconstruction> {
  const { backend, trainables, inputs, settings, signal } = options
  const { steps, batchSize, gradAccumulation } = settings
  const before = await measureError(options)
  // A unit that was not pruned and gets dense inputs has only rounding errors. AdamW would turn these into full-sized steps.
  if (before.error <= exactShare * before.targetMeanSquare)
    return { errorBefore: before.error, errorAfter: before.error }
  const errorOfStep = (step: number) => {
    const picked = batchesOfStep(options, step).flat()
    return picked.reduce((sum, window) => sum + before.windows[window], 0) / picked.length
  }
  const elements = gradAccumulation * batchSize * inputs.seqLen * inputs.channels
  const optimiser = createOptimiser(backend, trainables.parameters, {
    ...settings,
    warmup: warmupSteps('reconstruct', steps),
    clipNorm: null,
    lossScale: 1 / elements,
    guard: reconstructGuard(errorOfStep, before.targetMeanSquare),
    where: options.where,
  })
  try {
    for (let step = 0; step < steps; step++) {
      await breathe(signal)
      await options.pausePoint?.()
      const begun = performance.now()
      for (const picked of batchesOfStep(options, step)) await addBatch(options, picked, optimiser.loss, 2 / elements)
      trainables.maskGradients()
      const result = await optimiser.finish(step)
      trainables.changed()
      const tokens = gradAccumulation * batchSize * inputs.seqLen
      options.onStep?.(step, result, (1000 * tokens) / (performance.now() - begun))
    }
  } finally {
    optimiser.close()
  }
  const after = await measureError(options)
  if (!Number.isFinite(after.error))
    throw new Diverged(
      `${options.where}: the error after ${steps} steps is not a number; lower ${settings.place ?? 'recover'}.lr`,
    )
  return { errorBefore: before.error, errorAfter: after.error }
}

/** The windows of a step, in lists of those that go through the unit together: a batch, or as much of one as the device has room for. */
function batchesOfStep({ backend, inputs, settings }: ReconstructOptions<unknown>, step: number): number[][] {
  const together = itemsAtOnce(backend, settings.batchSize, inputs.seqLen)
  return rowsOfStep({ ...settings, windows: inputs.windows }, step, together)
}

/** Forward and backward of one batch: gradients and loss add up. */
async function addBatch<S>(
  { backend, unit, trainables, inputs, targets }: ReconstructOptions<S>,
  picked: readonly number[],
  loss: Tensor,
  factor: number,
): Promise<void> {
  const arena = new Arena(backend)
  try {
    const { adapterOf } = trainables
    const pass = { backend, arena, batch: picked.length, seqLen: inputs.seqLen, keyMask: null, adapterOf }
    const input = await gather(backend, arena, inputs, picked)
    const target = await gather(backend, arena, targets, picked)
    const { output, saved } = await unit.forward(pass, input, true)
    if (!saved) throw new EngineError('internal', 'a forward that was to save saved nothing')
    backend.kernels.squaredError(loss, output, target)
    const dOutput = arena.allocate(output.shape)
    backend.kernels.squaredErrorBackward(dOutput, output, target, factor)
    await unit.backward(pass, saved, dOutput, trainables.grads)
  } finally {
    arena.close()
  }
}

type UnitRun<S> = Pick<ReconstructOptions<S>, 'backend' | 'unit' | 'inputs' | 'signal'> & {
  readonly trainables: Pick<Trainables, 'adapterOf'>
}

/** Runs all windows through a unit, a few at a time; an output and what `body` puts into the arena are released when it returns. */
export async function eachOutput<S>(
  { backend, unit, trainables, inputs, signal }: UnitRun<S>,
  body: (output: Tensor, arena: Arena, start: number, end: number) => Promise<void>,
): Promise<void> {
  const { windows, seqLen } = inputs
  const { adapterOf } = trainables
  await eachBatch({ backend, windows, seqLen, adapterOf, signal }, async (step, start, end) => {
    const { output } = await unit.forward(step, await inputs.load(step.arena, start, end), false)
    await body(output, step.arena, start, end)
  })
}

/** Mean squared error over all windows and of each, and the mean square of the targets. */
export async function measureError<S>(
  run: UnitRun<S> & Pick<ReconstructOptions<S>, 'targets'>,
): Promise<{ error: number; windows: Float64Array; targetMeanSquare: number }> {
  const { backend, targets } = run
  const { windows, seqLen, channels } = run.inputs
  const errors = new Float64Array(windows)
  let square = 0
  await eachOutput(run, async (output, arena, start, end) => {
    const target = await targets.load(arena, start, end)
    // A sum for each window, and a last one for the squares of all targets. They are added up here in f64.
    const sums = arena.allocate([scalarStride * (end - start + 1)])
    backend.kernels.fill(sums, 0)
    const sumOf = (i: number) => slice(sums, scalarStride * i, [1])
    for (let i = 0; i < end - start; i++) {
      const ofWindow = (states: Tensor) => rows(states, i * seqLen, (i + 1) * seqLen)
      backend.kernels.squaredError(sumOf(i), ofWindow(output), ofWindow(target))
    }
    backend.kernels.sumSquares(sumOf(end - start), target)
    const read = await readF32(backend, sums)
    for (let i = 0; i < end - start; i++) errors[start + i] = read[scalarStride * i] / (seqLen * channels)
    square += read[scalarStride * (end - start)]
  })
  const error = errors.reduce((sum, one) => sum + one, 0) / windows
  return { error, windows: errors, targetMeanSquare: square / (windows * seqLen * channels) }
}

/** The given windows in one tensor: a view where they are neighbours, else a copy. */
async function gather(
  backend: Backend,
  arena: Arena,
  states: HiddenStates,
  picked: readonly number[],
): Promise<Tensor> {
  const { seqLen, channels } = states
  const neighbours = picked.every((row, i) => i === 0 || row === picked[i - 1] + 1)
  if (neighbours) return states.load(arena, picked[0], picked[0] + picked.length)
  const out = arena.allocate([picked.length * seqLen, channels])
  for (const [i, row] of picked.entries())
    backend.kernels.convert(rows(out, i * seqLen, (i + 1) * seqLen), await states.load(arena, row, row + 1))
  return out
}
