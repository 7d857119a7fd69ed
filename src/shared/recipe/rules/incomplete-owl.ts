import { insertKey } from '../edits.ts'
import { modifiersIn } from '../foreign/dialect.ts'
import { defineRule } from '../../rule/rule.ts'

/** Defaults of the OWL repository. */
const defaults = { owl_m: '5', owl_lmbda: '0.08' }

export const rule = defineRule({
  id: 'N8',
  severity: 'error',
  foreign: 'only',
  title: 'An incomplete OWL profile',
  why: 'llm-compressor refuses `sparsity_profile: owl` without `owl_m` and `owl_lmbda`, and the two without the profile.',
  bad: 'a_stage:\n  a_modifiers:\n    WandaPruningModifier: {sparsity: 0.5, sparsity_profile: owl, owl_m: 5}',
  good: 'a_stage:\n  a_modifiers:\n    WandaPruningModifier: {sparsity: 0.5, sparsity_profile: owl, owl_m: 5, owl_lmbda: 0.08}',
  *check({ document, raw }) {
    for (const { settings, path } of modifiersIn(raw)) {
      const keys = ['sparsity_profile', 'owl_m', 'owl_lmbda'].filter(
        (k) => settings[k] !== undefined && settings[k] !== null,
      )
      if (keys.length === 0 || keys.length === 3) continue
      const missing = (['owl_m', 'owl_lmbda'] as const).filter((k) => !keys.includes(k))
      const edits = missing.flatMap((k) => insertKey(document, path, k, defaults[k]))
      yield {
        at: { key: [...path, keys[0]] },
        message: 'OWL needs sparsity_profile: owl, owl_m and owl_lmbda together.',
        fixes: keys.includes('sparsity_profile') && missing.length === 1 ? [{ title: `Add ${missing[0]}`, edits }] : [],
      }
    }
  },
})
