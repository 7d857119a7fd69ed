import { convertRecipe } from '../foreign/convert.ts'
import { dialectOf } from '../foreign/dialect.ts'
import { defineRule } from '../../rule/rule.ts'

export const rule = defineRule({
  id: 'X3',
  severity: 'warning',
  foreign: 'only',
  title: 'A part that conversion loses',
  why: 'Converting between tools keeps what both have. `sparsescope import` and `sparsescope export` list everything that has no counterpart.',
  bad: 'a_stage:\n  a_modifiers:\n    WandaPruningModifier: {sparsity: 0.5}\n    QuantizationModifier: {scheme: W8A8}',
  good: 'a_stage:\n  a_modifiers:\n    WandaPruningModifier: {sparsity: 0.5}',
  *check({ raw, has }) {
    const dialect = dialectOf(raw)
    if (!dialect) return
    for (const { path, message } of convertRecipe(raw, dialect).notes) {
      yield { at: has(path) ? { key: path } : [], message: `Not taken over into a SparseScope recipe: ${message}.` }
    }
  },
})
