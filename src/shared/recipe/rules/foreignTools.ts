// Recipes of other tools: what those tools drop or refuse, and what conversion loses.
import { insertKey, remove, renameKey } from '../edits.ts'
import { convertRecipe } from '../foreign/convert.ts'
import { dialectOf, isMap, modifiersIn } from '../foreign/dialect.ts'
import { defineRule } from '../rule.ts'

/** Defaults of the OWL repository. */
const defaults = { owl_m: '5', owl_lmbda: '0.08' }

export const n8 = defineRule({
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

export const x1 = defineRule({
  id: 'X1',
  severity: 'error',
  foreign: 'only',
  title: 'llm-compressor: a stage or group that is dropped',
  why: 'llm-compressor reads only keys that end in `_stage`, and in them only keys that end in `_modifiers`. Everything else is dropped without a message.',
  bad: 'pruning:\n  a_modifiers:\n    WandaPruningModifier: {sparsity: 0.5}',
  good: 'pruning_stage:\n  a_modifiers:\n    WandaPruningModifier: {sparsity: 0.5}',
  *check({ document, raw }) {
    const seen = new Set<string>()
    for (const { path } of modifiersIn(raw)) {
      const prefix = path[0] === 'llmcompressor' ? 2 : 0
      const [stage, group] = [path[prefix], path[prefix + 1]]
      const wrong: [(string | number)[], string][] = []
      // One level only: the group stands at the top, which is read as a stage of its own.
      if (path.length - prefix === 2) {
        if (!/_modifiers$/.test(String(stage))) wrong.push([path.slice(0, prefix + 1), '_modifiers'])
      } else if (path.length - prefix === 3 && isMap(raw)) {
        if (!/_stage$/.test(String(stage))) wrong.push([path.slice(0, prefix + 1), '_stage'])
        if (!/_modifiers$/.test(String(group))) wrong.push([path.slice(0, prefix + 2), '_modifiers'])
      }
      for (const [at, suffix] of wrong) {
        if (seen.has(at.join('.'))) continue
        seen.add(at.join('.'))
        const better = `${String(at.at(-1))}${suffix}`
        yield {
          at: { key: at },
          message: `llm-compressor drops ${String(at.at(-1))} without a message, since it does not end in ${suffix}: rename it to ${better}.`,
          fixes: [{ title: `Rename to ${better}`, edits: renameKey(document, at, better) }],
        }
      }
    }
  },
})

export const x2 = defineRule({
  id: 'X2',
  severity: 'error',
  foreign: 'only',
  title: 'llm-compressor: settings that a modifier refuses',
  why: 'Its magnitude modifier has no N:M patterns, needs `start`, and, like the constant one, knows no `ignore`.',
  bad: 'a_stage:\n  a_modifiers:\n    MagnitudePruningModifier: {final_sparsity: 0.5, start: 0, ignore: [lm_head]}',
  good: 'a_stage:\n  a_modifiers:\n    MagnitudePruningModifier: {final_sparsity: 0.5, start: 0}',
  *check({ document, raw }) {
    for (const { name, settings, path } of modifiersIn(raw)) {
      const magnitude = name === 'MagnitudePruningModifier'
      if (!magnitude && name !== 'ConstantPruningModifier') continue
      if (settings.ignore !== undefined) {
        yield {
          at: { key: [...path, 'ignore'] },
          message: `${name} knows no ignore and refuses it: remove it, and name what to prune in targets.`,
          fixes: [{ title: 'Remove ignore', edits: remove(document, [...path, 'ignore']) }],
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

export const x3 = defineRule({
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
