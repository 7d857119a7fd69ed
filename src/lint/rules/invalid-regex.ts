import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'T6',
  severity: 'error',
  voice: 'explains',
  title: 'A regular expression that cannot be used',
  why: 'The syntax is that of RE2: sets, groups, alternatives, repetitions, anchors, flags. Look-ahead, look-behind and back-references are not supported; list in `ignore` what must not match. Matching takes time in proportion to the length of the name, whatever the expression, and very large ones are refused.',
  bad: 'prune: [{sparsity: 0.3, targets: ["re:.*(fc1"]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: ["re:.*(fc1)"]}]\nsave: {to: out}',
  *check(context) {
    for (const { matcher, path } of context.entries) {
      if (matcher.error === null) continue
      yield { at: path, message: `This regular expression ${matcher.error}.` }
    }
  },
}
