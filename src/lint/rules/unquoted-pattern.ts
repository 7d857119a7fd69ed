import type { RuleFile } from '../rule.ts'
import { plainScalars, replaceScalar } from '../sourceText.ts'

export const rule: RuleFile = {
  id: 'Y2',
  severity: 'warning',
  needs: 'text',
  hasSafeFix: true,
  title: 'N:M without quotes',
  why: 'PyYAML reads an unquoted `2:4` as a number to base 60, which is 124, and `4:8` as 248. Quoted it is the same everywhere.',
  bad: 'prune: [{pattern: 2:4}]',
  good: 'prune: [{pattern: "2:4"}]',
  *check(context) {
    for (const { text, range, scalar } of plainScalars(context)) {
      if (!/^\d+:\d+$/.test(text)) continue
      yield {
        at: range,
        message: `Quote it: YAML 1.1 readers such as PyYAML take ${text} without quotes for a number to base 60.`,
        fixes: [{ title: `"${text}"`, edits: replaceScalar(context, scalar, `"${text}"`) }],
      }
    }
  },
}
