import { expandSweep, isOfSetting } from '../../recipe/sweep/expandSweep.ts'
import { defineRule } from '../rule.ts'

export const rule = defineRule({
  id: 'S12',
  severity: 'error',
  title: 'A sweep that makes no list of runs',
  why: 'A sweep is lists of values, whose combinations are run, or `cases` with a name each. Runs are told apart by their names and by where they save, and no more than 1,000 are planned.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}\nsweep: {seed: [0, 1], cases: [{name: a, set: {seed: 2}}]}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}\nsweep: {cases: [{name: a, set: {seed: 2}}, {name: b, set: {seed: 3}}]}',
  *check({ recipe }) {
    for (const problem of expandSweep(recipe).problems) if (!isOfSetting(problem)) yield problem
  },
})
