import { defineRule } from '../rule.ts'

export const rule = defineRule({
  id: 'T6',
  severity: 'error',
  voice: 'explains',
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
