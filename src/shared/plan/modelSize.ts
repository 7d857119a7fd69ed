// Sizes that all estimates start from.
import { largest } from '../format/lists.ts'
import type { ModelFacts } from '../recipe/facts.ts'
import type { ResolvedRecipe } from '../recipe/resolve.ts'
import { sizeOf, trainableRows } from './trainable.ts'
import type { TrainableRow } from './trainable.ts'

export interface ModelSize {
  /** Parameters of all blocks and of the largest. */
  readonly blocks: number
  readonly largestBlock: number
  /** Weights that a token is multiplied with at the end. */
  readonly head: number
  readonly all: number
  readonly trainable: readonly TrainableRow[]
  /** Trainable numbers in memory at a time: all of them, or one block's. */
  readonly trained: number
  /** Block weights under an adapter, in memory at a time. */
  readonly adapted: number
}

/** Needs `modelConfig`; without it everything is 0. */
export function modelSize(
  { modelConfig, parameters }: Pick<ModelFacts, 'modelConfig' | 'parameters'>,
  recipe: Pick<ResolvedRecipe, 'recover'>,
): ModelSize {
  const byBlock = new Map<number, number>()
  let all = 0
  for (const { block, shape } of parameters) {
    const size = sizeOf(shape)
    all += size
    if (block !== null) byBlock.set(block, (byBlock.get(block) ?? 0) + size)
  }
  const trainable = modelConfig ? trainableRows(modelConfig, parameters, recipe.recover ?? null) : []
  const atATime = (of: (row: TrainableRow) => number): number => {
    const perBlock = new Map<number | null, number>()
    for (const row of trainable) perBlock.set(row.block, (perBlock.get(row.block) ?? 0) + of(row))
    return recipe.recover?.mode === 'reconstruct'
      ? largest(perBlock.values(), 0, (size) => size)
      : sum([...perBlock.values()])
  }
  return {
    blocks: sum([...byBlock.values()]),
    largestBlock: largest(byBlock.values(), 0, (size) => size),
    head: modelConfig ? modelConfig.vocabSize * modelConfig.embedSize : 0,
    all,
    trainable,
    trained: atATime((r) => r.trainable),
    adapted: atATime((r) => (r.kind === 'linear' && r.trainable > 0 && r.by !== 'full' ? r.parameters : 0)),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}
