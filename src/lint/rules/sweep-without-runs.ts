import { expandSweep, isOfSetting } from '../../recipe/sweep/expandSweep.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'S12',
  severity: 'error',
  title: 'A sweep without runs',
  why: 'A sweep has lists of values, whose combinations are run, or named `cases`. Names and output folders identify the runs, and a sweep has at most 1,000 of them.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}\nsweep: {seed: [0, 1], cases: [{name: a, set: {seed: 2}}]}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}\nsweep: {cases: [{name: a, set: {seed: 2}}, {name: b, set: {seed: 3}}]}',
  *check({ recipe }) {
    for (const problem of expandSweep(recipe).problems) if (!isOfSetting(problem)) yield problem
  },
}
