import { modifiersIn } from '../foreign/dialect.ts'
import { defineRule } from '../../rule/rule.ts'

export const rule = defineRule({
  id: 'X2',
  severity: 'error',
  foreign: 'only',
  title: 'llm-compressor: settings that a modifier refuses',
  why: 'Its magnitude modifier has no N:M patterns, needs `start`, and, like the constant one, knows no `ignore`.',
  bad: 'a_stage:\n  a_modifiers:\n    MagnitudePruningModifier: {final_sparsity: 0.5, start: 0, ignore: [lm_head]}',
  good: 'a_stage:\n  a_modifiers:\n    MagnitudePruningModifier: {final_sparsity: 0.5, start: 0}',
  *check({ fix, raw }) {
    for (const { name, settings, path } of modifiersIn(raw)) {
      const magnitude = name === 'MagnitudePruningModifier'
      if (!magnitude && name !== 'ConstantPruningModifier') continue
      if (settings.ignore !== undefined) {
        yield {
          at: { key: [...path, 'ignore'] },
          message: `${name} knows no ignore and refuses it: remove it, and name what to prune in targets.`,
          fixes: [fix.drop([...path, 'ignore'])],
        }
      }
      if (!magnitude) continue
      if (typeof settings.mask_structure === 'string' && /^[1-9]\d*:\d+$/.test(settings.mask_structure)) {
        yield {
          at: [...path, 'mask_structure'],
          message: `${name} has no N:M patterns: use SparseGPTModifier or WandaPruningModifier.`,
        }
      }
      if (settings.start === undefined) yield { at: { key: path }, message: `${name} needs start: add start: 0.` }
    }
  },
})
