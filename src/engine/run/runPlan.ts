// Everything about a run that can be known, and refused, before it begins.
import { largest } from '../../shared/format/lists.ts'
import { blockLinears, blockParameters } from '../../shared/families/parameters.ts'
import type { ResolvedRecipe } from '../../shared/recipe/resolve.ts'
import { lengthOf } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import type { Model } from '../model/model.ts'
import { checkPlan, lookAtData, type PruneEntry } from '../prune/plan.ts'
import { countParameters, selectionOfBlock, selectTrainable, type Selection } from '../recover/selectTrainable.ts'
import { countTrainable, type TrainableSet } from '../recover/trainables.ts'
import type { ModelSizes } from './memoryBudget.ts'
import { pruneEntries } from './pruneEntries.ts'

export interface RunPlan {
  readonly entries: readonly PruneEntry[]
  /** null: the recipe recovers nothing. */
  readonly trainable: Selection | null
  readonly count: { readonly count: number; readonly percent: number } | null
  readonly reconstructs: boolean
  readonly retrains: boolean
  readonly needsCalibration: boolean
  readonly sizes: ModelSizes
}

/** @throws EngineError 'bad-recipe' or 'bad-data': what is missing, or cannot be done with this model. */
export function planRun(recipe: ResolvedRecipe, model: Model): RunPlan {
  const { config } = model
  const linears = blockLinears(config)
  const modules = linears.map(({ name, block }) => ({ name, block, className: 'Linear' }))
  const entries = pruneEntries(recipe.prune, modules, config.numBlocks)
  checkPlan(entries, new Map(linears.map(({ name, shape }) => [name, shape])))
  const { recover } = recipe
  const reconstructs = recover?.mode === 'reconstruct'
  const trainable = recover ? selectTrainable(config, recover.train, recover.mode) : null
  if (reconstructs && entries.length === 0)
    throw new EngineError(
      'bad-recipe',
      'recover.mode: reconstruct trains a pruned block towards the dense one, so it needs `prune`; for a model that is pruned already, use mode: retrain',
    )
  if (recover?.mode === 'retrain' && recover.data === undefined)
    throw new EngineError('bad-recipe', 'recover.data is missing: retraining needs text or ids to train on')
  const needsCalibration = reconstructs || lookAtData(entries)
  if (needsCalibration && !recipe.calibration)
    throw new EngineError('bad-recipe', 'calibration is missing: these methods look at data, so set calibration.data')
  checkLengths(recipe, model)
  const count = trainable && countTrainable(trainable, recover?.lora.rank ?? 1)
  return {
    entries,
    trainable,
    count: count === null ? null : { count, percent: (100 * count) / countParameters(config) },
    reconstructs,
    retrains: recover?.mode === 'retrain',
    needsCalibration,
    sizes: sizesOf(model, trainable, recover?.lora.rank ?? 1, reconstructs),
  }
}

/** A table of learned positions has no row for what lies beyond it. */
function checkLengths({ calibration, recover, evaluate }: ResolvedRecipe, { config }: Model): void {
  if (config.position.kind !== 'learned') return
  const uses = [
    ['calibration', calibration?.seq_len],
    ['recover', recover?.mode === 'retrain' ? recover.seq_len : undefined],
    ...evaluate.map(({ seq_len: seqLen }, i) => [`evaluate.${i}`, seqLen] as const),
  ] as const
  for (const [where, seqLen] of uses)
    if (seqLen !== undefined && seqLen > config.maxPositions)
      throw new EngineError(
        'bad-recipe',
        `${where}.seq_len: ${seqLen} tokens are more than the model's ${config.maxPositions} learned positions; use at most ${config.maxPositions}`,
      )
}

/** What is in memory at once: one block of the model, or all of what trains. */
function sizesOf(model: Model, set: TrainableSet | null, rank: number, reconstructs: boolean): ModelSizes {
  const blocks = Array.from({ length: model.config.numBlocks }, (_, block) => block)
  const parameters = (block: number) =>
    blockParameters(model.config, block).reduce((sum, { shape }) => sum + lengthOf(shape), 0)
  const parts = !set ? [] : reconstructs ? blocks.map((block) => selectionOfBlock(model.config, set, block)) : [set]
  const adapted = (part: TrainableSet) => part.adapted.reduce((sum, { shape }) => sum + lengthOf(shape), 0)
  return {
    blockParameters: largest(blocks, 0, parameters),
    trainable: largest(parts, 0, (part) => countTrainable(part, rank)),
    adapted: largest(parts, 0, adapted),
  }
}
