import { regexSource, rewrite } from '../../lint/patternText.ts'
import { defineRule } from '../../lint/rule.ts'

export const rule = defineRule({
  id: 'T3',
  severity: 'error',
  voice: 'explains',
  needs: 'model',
  title: 'A regular expression that needs .* in front',
  why: "A regular expression must match from the start of the name, as Python's `re.match` does: `re:fc1` does not match `model.decoder.layers.0.fc1`.",
  bad: 'prune: [{sparsity: 0.3, targets: ["re:fc1"]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: ["re:.*fc1"]}]\nsave: {to: out}',
  *check(context) {
    for (const entry of context.entries) {
      const source = regexSource(entry.matcher.entry)
      if (source === null || entry.matcher.error !== null || !context.modules) continue
      if (context.matched(entry.matcher.entry).length > 0) continue
      const better = `re:.*${source.includes('|') ? `(?:${source})` : source}`
      const count = context.matched(better).length
      if (count === 0) continue
      yield {
        at: entry.path,
        message: `${entry.matcher.entry} matches nothing, since it must match from the start of a name. ${better} matches ${count} modules.`,
        fixes: [rewrite(context, entry, better)],
      }
    }
  },
})
