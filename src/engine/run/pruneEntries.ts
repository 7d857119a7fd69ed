// From a recipe's `prune` list to the entries of the pruning loop: targets matched, sparsities spread over depth.
import { selectModules, type Module } from '../../shared/recipe/match.ts'
import { parseNm } from '../../shared/format/nm.ts'
import { methodKeyNames } from '../../shared/methods/keys.ts'
import { sparsityOfBlock, type ResolvedPruneStep } from '../../shared/recipe/resolve.ts'
import { EngineError } from '../errors.ts'
import type { PruneEntry } from '../prune/plan.ts'

export interface BlockLinear extends Module {
  readonly block: number
}

/** @throws EngineError 'bad-recipe' when an entry matches nothing. */
export function pruneEntries(
  steps: readonly ResolvedPruneStep[],
  linears: readonly BlockLinear[],
  numBlocks: number,
): PruneEntry[] {
  return steps.map((step, i) => {
    const matched = selectModules(linears, step.targets, step.ignore)
    const ignored = step.ignore.length > 0 ? ` without ${JSON.stringify(step.ignore)}` : ''
    if (matched.length === 0)
      throw new EngineError(
        'bad-recipe',
        `prune.${i}: targets ${JSON.stringify(step.targets)}${ignored} match none of the ${linears.length} linears in the blocks; the first is ${linears[0]?.name}`,
      )
    return {
      method: step.method,
      sparsities: new Map(matched.map(({ name, block }) => [name, sparsityOfBlock(step.sparsity, block, numBlocks)])),
      pattern: parseNm(step.pattern),
      scope: step.scope,
      selection: step.selection,
      settings: Object.fromEntries(methodKeyNames.map((key) => [key, step[key]])),
    }
  })
}
