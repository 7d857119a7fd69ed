// Targets as regular expressions.
import { regexSource, rewrite } from '../patternText.ts'
import { defineRule } from '../rule.ts'

export const t3 = defineRule({
  id: 'T3',
  severity: 'error',
  explains: true,
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

export const t4 = defineRule({
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
})

export const t5 = defineRule({
  id: 'T5',
  severity: 'hint',
  foreign: 'too',
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
})

export const t6 = defineRule({
  id: 'T6',
  severity: 'error',
  foreign: 'too',
  title: 'A regular expression that cannot be used',
  why: 'The syntax is what Python and JavaScript have in common: sets, groups, alternatives, repetitions, anchors, look-ahead. Not: named groups, `\\A`, `\\Z`, inline flags, back-references, look-behind. Matching takes time proportional to the length of the name, whatever the expression, so very large ones are refused.',
  bad: 'prune: [{sparsity: 0.3, targets: ["re:.*(fc1"]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: ["re:.*(fc1)"]}]\nsave: {to: out}',
  *check(context) {
    for (const { matcher, path } of context.entries) {
      context.matched(matcher.entry)
      if (matcher.error === null) continue
      yield { at: path, message: `This regular expression ${matcher.error}.` }
    }
  },
})
