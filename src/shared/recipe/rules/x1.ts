import { renameKey } from '../edits.ts'
import { isMap, modifiersIn } from '../foreign/dialect.ts'
import { defineRule } from '../rule.ts'

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
