import { rewrite } from '../sourceText.ts'
import { regexSource } from '../../recipe/match.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'T4',
  severity: 'warning',
  needs: 'model',
  title: 'A block number that also matches longer ones',
  why: '`re:.*layers.1` matches block 1, and also 10, 11 and so on, because nothing says where the number ends.',
  bad: 'prune: [{sparsity: 0.3, targets: ["re:model.decoder.layers.1"]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: ["re:model.decoder.layers.1[.]"]}]\nsave: {to: out}',
  *check(context) {
    for (const entry of context.entries) {
      const source = regexSource(entry.matcher.entry)
      const end = source === null ? null : /^(.*(?:\.|\]))(\d+)$/.exec(source)
      if (!end || !context.modules) continue
      const ends = `re:${source}(?:\\.|$)`
      const extra = context.matched(entry.matcher.entry).length - context.matched(ends).length
      const wanted = context.matched(ends).length
      if (extra <= 0 || wanted === 0) continue
      yield {
        at: entry.path,
        message: `${entry.matcher.entry} also matches block numbers that only begin with ${end[2]}, ${extra} modules more: end it with \\.`,
        fixes: [rewrite(context, entry, `re:${source}\\.`)],
      }
    }
  },
}
