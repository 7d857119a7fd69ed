import type { LintContext } from '../context.ts'
import type { Path } from '../../recipe/document.ts'
import { mapsOf } from '../../recipe/settings/recipe.ts'
import { idleKeys, type IdleKey } from '../../recipe/settings/row.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'S6',
  severity: 'warning',
  unnecessary: true,
  title: 'A key without effect',
  why: 'The key exists but does not apply to the chosen method, pattern or mode, so it is ignored; most likely something else was meant.',
  bad: 'prune: [{method: magnitude, dampening: 0.02}]',
  good: 'prune: [{method: sparsegpt, dampening: 0.02}]\ncalibration: {data: a.jsonl, seq_len: 64}',
  *check(context) {
    for (const key of idle(context)) {
      const { path, reason } = key
      if (!context.has(path)) continue
      const last = path.at(-1)
      const list = path.at(-2)
      const isOnlyItem = typeof last === 'number' && !context.has([...path.slice(0, -1), 1])
      const name = typeof last === 'number' ? `${String(context.get(path))} in ${String(list)}` : String(last)
      yield {
        at: { key: path },
        message: `${name} has no effect ${reason}: remove it.`,
        from: key.from.flatMap((one) => pathsOf(one, key, context)),
        fixes: [context.fix.drop(isOnlyItem ? path.slice(0, -1) : path, name)],
      }
    }
  },
}

/** Keys that would have no effect if they were written; each row defines when (src/recipe/settings). */
function idle({ recipe, resolved, known: surroundings }: LintContext): IdleKey[] {
  const found = mapsOf(recipe, resolved, surroundings).flatMap(({ path, rows, written, known }) =>
    idleKeys(rows, written, known as never, path),
  )
  // If a whole map has no effect, its keys are not reported.
  const wholeMaps = new Set(found.map(({ path }) => path.join('.')))
  return found.filter(({ path }) => !wholeMaps.has(path.slice(0, -1).join('.')))
}

/** A key of the same map, one of the recipe (`/prune`), or one of every recovery (`/recover/steps`). */
function pathsOf(from: string, { path, item }: IdleKey, { recoveries }: LintContext): Path[] {
  const map = path.slice(0, item === undefined ? -1 : -2)
  if (!from.startsWith('/')) return [[...map, from]]
  const [section, key] = from.slice(1).split('/')
  return key === undefined ? [[section]] : recoveries.map((recovery) => [...recovery.path, key])
}
