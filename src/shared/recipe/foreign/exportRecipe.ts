// The pruning steps of a recipe as an llm-compressor recipe. Recovery and evaluation have no counterpart there.
import { parseNm } from '../../format/nm.ts'
import type { AllocationKey } from '../../allocations/allocation.ts'
import { allocationOf, defaultAllocation } from '../../allocations/allocations.ts'
import type { MethodKey } from '../../methods/keys.ts'
import type { ForeignMethod } from '../../methods/method.ts'
import { defaultScope, methodOf } from '../../methods/methods.ts'
import { recoveryPlace, resolveRecipe } from '../resolve.ts'
import type { ResolvedPruneStep } from '../resolve.ts'
import type { Recipe } from '../schema.ts'
import { withoutUndefined, type Draft } from './draft.ts'
import type { JsonMap } from './dialect.ts'
import { writeYaml } from './write.ts'

export interface Exported {
  text: string
  /** Settings that the file no longer holds. */
  lost: string[]
}

export function exportToLlmCompressor(recipe: Recipe): Exported {
  const resolved = resolveRecipe(recipe)
  const lost: string[] = []
  const stages: JsonMap = {}
  for (const [i, step] of resolved.prune.entries()) {
    const { foreign } = methodOf(step.method)
    const nm = parseNm(step.pattern) !== null
    if (!foreign) lost.push(`prune.${i}: ${step.method} has no modifier there`)
    else if (!foreign.patterns && nm) lost.push(`prune.${i}: its ${step.method} modifier has no N:M patterns`)
    else {
      if (step.scope === 'global') lost.push(`prune.${i}: scope global becomes one threshold for each tensor`)
      if (step.scope === 'tensor' && defaultScope(step.method, undefined) === 'row')
        lost.push(`prune.${i}: scope tensor becomes one threshold for each row`)
      if (step.scope === 'row' && defaultScope(step.method, undefined) !== 'row')
        lost.push(`prune.${i}: scope row becomes one threshold for each tensor`)
      if (foreign.scheduled && typeof step.sparsity !== 'number')
        lost.push(`prune.${i}: sparsities of the blocks; all get the first, ${step.sparsity[0]}`)
      else if (typeof step.sparsity !== 'number')
        lost.push(`prune.${i}: sparsities from the first block to the last; a list there has one for each layer`)
      else if (step.allocation !== defaultAllocation && (foreign.scheduled || !allocationOf(step.allocation).foreign))
        lost.push(`prune.${i}: allocation ${step.allocation}; every block gets ${step.sparsity}`)
      if (foreign.scheduled && step.ignore.length > 0)
        lost.push(`prune.${i}: ignore ${JSON.stringify(step.ignore)}; its modifier prunes all that the targets match`)
      if (step.selection === 'perp') lost.push(`prune.${i}: selection perp`)
      // A map keeps one modifier of a class, so every step is a stage of its own.
      stages[`step${i}_stage`] = { pruning_modifiers: { [foreign.modifiers[0]]: settingsOf(step, foreign) } }
    }
  }
  for (const [i, { mode, train }] of resolved.recover.entries())
    lost.push(`${recoveryPlace(resolved, i)}: ${mode}${train.length > 0 ? ` of ${train.join(', ')}` : ''}`)
  if (resolved.evaluate.length > 0) lost.push('evaluate')
  if (resolved.calibration) lost.push('calibration: it is given in code there')
  if (resolved.sweep) lost.push('sweep')
  const comments = [
    'Pruning steps of a SparseScope recipe, for llm-compressor.',
    ...lost.map((l) => `Not in here: ${l}.`),
  ]
  return { text: writeYaml(stages, comments), lost }
}

function profileOf({ allocation, ...step }: ResolvedPruneStep): Draft {
  const { foreign } = allocationOf(allocation)
  if (!foreign) return {}
  const keys = Object.entries(foreign.keys) as [AllocationKey, string][]
  return {
    sparsity_profile: foreign.profile,
    ...Object.fromEntries(keys.map(([key, theirs]) => [theirs, step[allocation]?.[key]])),
  }
}

function settingsOf(step: ResolvedPruneStep, { keys, patterns, scheduled }: ForeignMethod): JsonMap {
  // Its matcher sees the head as `lm_head.` in places: only this form keeps it dense everywhere.
  const ignore = [...new Set(['re:.*lm_head', ...step.ignore])]
  const shared: Draft = { targets: step.targets }
  if (scheduled) {
    const sparsity = typeof step.sparsity === 'number' ? step.sparsity : step.sparsity[0]
    return withoutUndefined({
      init_sparsity: sparsity,
      final_sparsity: sparsity,
      start: 0,
      end: 1,
      update_frequency: 1,
      ...shared,
    })
  }
  return withoutUndefined({
    sparsity: step.sparsity,
    ...profileOf(step),
    mask_structure: !patterns ? undefined : parseNm(step.pattern) ? step.pattern : '0:0',
    ...Object.fromEntries(Object.entries(keys).map(([key, [theirs]]) => [theirs, step[key as MethodKey]])),
    ...shared,
    ignore,
  })
}
