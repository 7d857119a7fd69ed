import type { RuleFile } from '../rule.ts'
import { plainScalars, replaceScalar } from '../sourceText.ts'

export const rule: RuleFile = {
  id: 'Y5',
  severity: 'warning',
  needs: 'text',
  hasSafeFix: true,
  title: 'An integer with leading zeros',
  why: 'YAML 1.1 reads `017` as octal, which is 15; YAML 1.2 as 17.',
  bad: 'seed: 017',
  good: 'seed: 17',
  *check(context) {
    for (const { text, range, scalar } of plainScalars(context)) {
      if (!/^[-+]?0+\d+$/.test(text)) continue
      const better = text.replace(/^([-+]?)0+(?=\d)/, '$1')
      yield {
        at: range,
        message: `Write ${better}: YAML 1.1 readers take ${text} for an octal number.`,
        fixes: [{ title: `Write ${better}`, edits: replaceScalar(context, scalar, better) }],
      }
    }
  },
}
