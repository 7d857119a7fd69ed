import { isRecord } from '../../format/records.ts'
import { defineRule } from '../../rule/rule.ts'
import { dialectNames } from '../foreign/dialect.ts'

export const rule = defineRule({
  id: 'X4',
  severity: 'info',
  foreign: 'only',
  title: 'A recipe of another tool',
  why: 'Recognised by its content: llm-compressor, SparseML, or a W&B sweep of PERP. The action "Convert to SparseScope recipe", or `sparsescope import`, makes a recipe of it.',
  bad: 'a_stage:\n  a_modifiers:\n    WandaPruningModifier: {sparsity: 0.5}',
  good: 'version: 1\nmodel: m\nprune: [{method: wanda, sparsity: 0.5}]',
  *check({ dialect, raw }) {
    if (!dialect || !isRecord(raw)) return
    yield {
      // The first key alone: a file that is underlined as a whole cannot be read.
      at: { key: Object.keys(raw).slice(0, 1) },
      message: `This is ${dialectNames[dialect]}: "Convert to SparseScope recipe", or \`sparsescope import\`, makes a recipe of it.`,
    }
  },
})
