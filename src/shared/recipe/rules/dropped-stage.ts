import { renameKey } from '../edits.ts'
import { modifiersIn } from '../foreign/dialect.ts'
import { defineRule } from '../../rule/rule.ts'

export const rule = defineRule({
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
      // One level only: the group stands at the top, which is read as a stage of its own.
      const suffixes = path.length === 3 ? ['_stage', '_modifiers'] : path.length === 2 ? ['_modifiers'] : []
      const wrong = suffixes.flatMap((suffix, i) =>
        String(path[i]).endsWith(suffix) ? [] : [[path.slice(0, i + 1), suffix] as const],
      )
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
