// The work of the parts of a run: walks over the blocks, recoveries, evaluations.
import { adapterAmong, adapterOf } from '../catalog/adapters/adapters.ts'
import { isMeasured } from '../catalog/allocations/allocations.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import { needsData } from '../catalog/methods/methods.ts'
import { sumOf, timesWork, type Work } from '../catalog/methods/work.ts'
import type { MachineFacts, ModelFacts } from '../recipe/facts.ts'
import { isTraining } from '../recipe/modes.ts'
import type { ResolvedRecipe, ResolvedRecover } from '../recipe/resolve.ts'
import { recomputed } from './memory.ts'
import type { PassWork, TrainedWeights } from './passWork.ts'
import type { PlannedPrecision } from './plannedPrecision.ts'
import { pruneCost, type BlockWorkPlan } from './pruneCost.ts'
import { countTrainable, trainableSet, sizeOf } from './trainable.ts'

export type PlannedModel = Pick<ModelFacts, 'modelConfig' | 'parameters' | 'modules' | 'tensors'>

export type PlannedMachine = Pick<MachineFacts, 'gpu' | 'threads' | 'bf16' | 'rates'> &
  Partial<Pick<MachineFacts, 'budgetBytes'>>

/** What the work of every part is counted from. */
export interface Planned {
  readonly recipe: ResolvedRecipe
  readonly model: PlannedModel
  readonly config: ModelConfig
  readonly machine: PlannedMachine
  readonly precision: PlannedPrecision
  readonly passes: PassWork
}

/** A walk over the blocks, without the steps of its recoveries. */
export function walkWork({ recipe, config, passes }: Planned, work: BlockWorkPlan): Work {
  const { prune, calibration } = recipe
  const { prunes, recoveries } = work
  const looks =
    (prunes && prune.some(({ method, allocation }) => needsData(method) || isMeasured(allocation))) ||
    recoveries.length > 0
  // Once through the dense block, once through the pruned one but for the last, whose outputs nobody reads; before them through
  // the dense model where it decides how much of each block goes, and beside them where its own stream is fitted to.
  const allocating = prunes && prune.some(({ allocation }) => isMeasured(allocation))
  const dense = recoveries.some(({ mode, targets }) => mode === 'reconstruct' && targets === 'model')
  const times = 2 - 1 / config.numBlocks + Number(allocating) + Number(dense)
  const seen = calibration ? passes.forward(windowsOf(calibration)) : {}
  return sumOf([looks ? timesWork(times, seen) : {}, pruneCost(recipe, config, work).work])
}

function windowsOf({ samples, seq_len: seqLen }: { readonly samples: number; readonly seq_len: number }) {
  return { tokens: samples * seqLen, seqLen }
}

/** The steps of a recovery that trains, and the errors that a reconstruction measures. */
export function recoverWork(planned: Planned, recover: ResolvedRecover): Work {
  if (!isTraining(recover.mode)) return {}
  return recover.mode === 'retrain' ? retrainWork(planned, recover) : reconstructWork(planned, recover)
}

function reconstructWork({ recipe, config, passes }: Planned, recover: ResolvedRecover): Work {
  const { calibration } = recipe
  if (!calibration) return {}
  const { steps, batch_size: batch, grad_accumulation: batches, train } = recover
  const seqLen = calibration.seq_len
  const trained = trainedOf(recover, config)
  const step = { tokens: batch * batches * seqLen, seqLen }
  const first = train.includes('norm') || train.includes('full') ? 'needsInput' : 'needsNone'
  const all = passes.forward(windowsOf(calibration))
  // The states of a step are gathered, compared and differentiated; over the whole set they are loaded and compared.
  const states = (tokens: number) => ({ move: 3 * tokens * config.hiddenSize * config.numBlocks })
  const oneStep = sumOf([
    passes.forward(step),
    passes.backward(step, trained.weights, first),
    states(step.tokens),
    trained.step(batches),
  ])
  // Submodules are measured together and apart, and attention gives the MLP its inputs.
  const measures = recover.window === 'submodule' ? 4 : 2
  const errors = sumOf([all, states(calibration.samples * seqLen)])
  return sumOf([timesWork(steps, oneStep), timesWork(measures, errors), timesWork(2, trained.formed)])
}

function retrainWork(planned: Planned, recover: ResolvedRecover): Work {
  const { config, model, machine, precision, passes } = planned
  const { steps, batch_size: batch, grad_accumulation: batches, seq_len: seqLen, loss, train } = recover
  const { threads, budgetBytes = Infinity } = machine
  const again = recomputed(recover, config, model, { budgetBytes, threads, precision })
  const one = { tokens: batch * seqLen, seqLen }
  const forward = passes.forward(one)
  const trained = trainedOf(recover, config)
  const headTrains = train.includes('full') || train.some((name) => name.startsWith('head'))
  const each = sumOf([
    timesWork(1 + again.blocks, forward),
    passes.backward(one, trained.weights, 'needsInput'),
    passes.head(one.tokens),
    timesWork(headTrains ? 2 : 1, passes.headBackward(one.tokens)),
    loss ? sumOf([forward, passes.headBeside(one.tokens)]) : {},
    timesWork(again.weights * (1 + again.blocks), trained.formed),
  ])
  const merged = trained.formed
  return sumOf([timesWork(steps, sumOf([timesWork(batches, each), trained.step(batches)])), merged])
}

/** What a recovery trains. */
interface Trained {
  readonly weights: TrainedWeights
  /** Its adapters' effective weights, all of them once. */
  readonly formed: Work
  /** Beside the passes of a step: effective weights, gradients of adapters, the optimiser. */
  step(batches: number): Work
}

/** Passes over a trained number at the end of a step: its square, AdamW on four numbers, its gradient cleared. */
const passesOfOptimiser = 5

function trainedOf(recover: ResolvedRecover, config: ModelConfig): Trained {
  const { train, lora } = recover
  const set = trainableSet(config, recover)
  const numbers = countTrainable(set, lora.rank)
  const adapter = adapterAmong(train)
  const adapted = set.adapted.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  const whole = train.includes('full') || (adapter !== null && adapterOf(adapter).wholeGradient) ? 1 : 0
  const formed = { adapt: adapted * lora.rank }
  return {
    weights: { whole, lowRank: adapter !== null && whole === 0 ? 1 : 0, rank: lora.rank },
    formed,
    // Each gradient goes into two matrices of low rank.
    step: (batches) => sumOf([{ move: passesOfOptimiser * numbers }, formed, timesWork(whole * batches, formed)]),
  }
}
