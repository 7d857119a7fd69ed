import { isNode } from 'yaml'
import { expandSweep, isOfSetting, type SweepProblem } from '../../recipe/sweep/expandSweep.ts'
import type { LintContext } from '../context.ts'
import { replaceRange } from '../../recipe/edits.ts'
import type { Fix } from '../../recipe/finding.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'S9',
  severity: 'error',
  title: 'A sweep of something that cannot be swept',
  why: 'The keys of `sweep`, and of `set` in its cases, are paths of settings, such as `prune.0.sparsity`, and each value is tried in its place: the path must exist in the format and each value must be valid there.',
  bad: 'prune: [{sparsity: 0.5}]\nsweep: {"prune.0.sparsty": [0.4, 0.5]}',
  good: 'prune: [{sparsity: 0.5}]\nsweep: {"prune.0.sparsity": [0.4, 0.5]}',
  *check(context) {
    const { problems } = expandSweep(context.recipe)
    for (const problem of problems.filter(isOfSetting)) yield { ...problem, fixes: renaming(context, problem) }
  },
}

function renaming({ document }: LintContext, { at, meant }: SweepProblem): Fix[] {
  const key = 'key' in at ? document.pairAt(at.key)?.key : null
  if (meant === undefined || !isNode(key) || !key.range) return []
  const better = JSON.stringify(meant)
  return [{ title: `Rename to ${better}`, edits: [replaceRange(document, key.range[0], key.range[1], better)] }]
}
