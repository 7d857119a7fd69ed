import type { RuleFile } from '../rule.ts'
import { plainScalars, replaceScalar } from '../sourceText.ts'

export const rule: RuleFile = {
  id: 'Y3',
  severity: 'warning',
  needs: 'text',
  hasSafeFix: true,
  title: 'An exponent without a dot or a sign',
  why: 'PyYAML reads `5e-4` and `5.0e4` as strings: it needs a dot and a signed exponent, as in `5.0e-4`.',
  bad: 'recover: {lr: 5e-4}',
  good: 'recover: {lr: 5.0e-4}',
  *check(context) {
    for (const { text, range, scalar } of plainScalars(context)) {
      const parts = /^([-+]?(?:\d+\.?\d*|\.\d+))[eE]([-+]?)(\d+)$/.exec(text)
      if (!parts || (parts[1].includes('.') && parts[2] !== '')) continue
      const digits = parts[1].includes('.') ? parts[1] : `${parts[1]}.0`
      const better = `${digits}e${parts[2] || '+'}${parts[3]}`
      yield {
        at: range,
        message: `PyYAML reads ${text} as a string: write ${better}.`,
        fixes: [{ title: `Write ${better}`, edits: replaceScalar(context, scalar, better) }],
      }
    }
  },
}
