import { rewrite } from '../sourceText.ts'
import { regexSource } from '../../recipe/match.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'T5',
  severity: 'hint',
  title: 'An unescaped dot in a regular expression',
  why: 'A dot matches any character. Between two parts of a name `\\.` is meant.',
  bad: 'prune: [{sparsity: 0.3, targets: ["re:model.decoder.*fc1"]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: ["re:model[.]decoder.*fc1"]}]\nsave: {to: out}',
  *check(context) {
    for (const entry of context.entries) {
      const source = regexSource(entry.matcher.entry)
      if (source === null || entry.matcher.error !== null) continue
      const better = source.replace(/(?<=[A-Za-z0-9_])\.(?=[A-Za-z0-9_])/g, '\\.')
      if (better === source) continue
      yield {
        at: entry.path,
        message: `The dot matches any character here: write re:${better}.`,
        fixes: [rewrite(context, entry, `re:${better}`)],
      }
    }
  },
}
