// Sweeps: what they vary, and how much.
import { remove, replaceRange } from '../edits.ts'
import { propertiesAt } from '../jsonSchema.ts'
import { nearest } from '../nearest.ts'
import { withSetting } from '../overrides.ts'
import { defineRule } from '../rule.ts'
import { recipeSchema } from '../schema.ts'

export const s9 = defineRule({
  id: 'S9',
  severity: 'error',
  title: 'A sweep of something that cannot be swept',
  why: 'The keys of `sweep` are paths of settings, such as `prune.0.sparsity`, and each value is tried in its place: the path must exist in the format and each value must be valid there.',
  bad: 'prune: [{sparsity: 0.5}]\nsweep: {"prune.0.sparsty": [0.4, 0.5]}',
  good: 'prune: [{sparsity: 0.5}]\nsweep: {"prune.0.sparsity": [0.4, 0.5]}',
  *check({ document, recipe }) {
    for (const [path, values] of Object.entries(recipe.sweep ?? {})) {
      const bad = values.findIndex((value) => !recipeSchema.safeParse(withSetting(recipe, path, value)).success)
      if (bad < 0 && path.split('.')[0] !== 'sweep') continue
      const keys = path.split('.').map((k) => (/^\d+$/.test(k) ? Number(k) : k))
      const known = Object.keys(propertiesAt(keys.slice(0, -1)) ?? {})
      const last = String(keys.at(-1))
      const meant = known.includes(last) ? null : nearest(last, known)
      const key = document.pairAt(['sweep', path])?.key as { range?: [number, number, number] } | undefined
      const better = JSON.stringify([...keys.slice(0, -1), meant].join('.'))
      yield {
        at: known.includes(last) ? ['sweep', path, bad] : { key: ['sweep', path] },
        message: known.includes(last)
          ? `${JSON.stringify(values[bad])} is not valid for ${path}.`
          : `The format has no setting ${path}${meant ? `: did you mean ${better}?` : ' that could be swept here.'}`,
        fixes:
          meant && key?.range
            ? [{ title: `Rename to ${better}`, edits: [replaceRange(document, key.range[0], key.range[1], better)] }]
            : [],
      }
    }
  },
})

export const s11 = defineRule({
  id: 'S11',
  severity: 'info',
  title: 'A sweep is not run yet',
  why: '`sparsescope run` refuses a recipe with a sweep: give the values one run each, `run --set prune.0.sparsity=0.6`.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}\nsweep: {seed: [0, 1, 2]}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ document, has }) {
    if (!has(['sweep'])) return
    yield {
      at: { key: ['sweep'] },
      message: 'A sweep cannot be run yet: run the values one by one with --set, without it.',
      fixes: [{ title: 'Remove the sweep', edits: remove(document, ['sweep']) }],
    }
  },
})

const many = 50

export const g4 = defineRule({
  id: 'G4',
  severity: 'warning',
  title: 'A very large sweep',
  why: 'A sweep runs every combination of its values.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}\nsweep: {seed: [0, 1, 2, 3, 4, 5, 6, 7], prune.0.sparsity: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}\nsweep: {seed: [0, 1, 2]}',
  *check({ recipe }) {
    const runs = Object.values(recipe.sweep ?? {}).reduce((n, values) => n * values.length, 1)
    if (runs <= many) return
    yield { at: { key: ['sweep'] }, message: `This sweep makes ${runs} runs.` }
  },
})
