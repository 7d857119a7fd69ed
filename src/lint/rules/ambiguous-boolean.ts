import type { RuleFile } from '../rule.ts'
import { plainScalars, replaceScalar } from '../sourceText.ts'

const meanings: Record<string, string> = { yes: 'true', on: 'true', no: 'false', off: 'false' }

export const rule: RuleFile = {
  id: 'Y4',
  severity: 'hint',
  needs: 'text',
  title: 'yes, no, on or off as a truth value',
  why: 'YAML 1.1 reads them as true and false, YAML 1.2 as words. `true` and `false` mean the same in both.',
  bad: 'recover: {shuffle: yes}',
  good: 'recover: {shuffle: true}',
  *check(context) {
    for (const { text, range, scalar } of plainScalars(context)) {
      const word = text.toLowerCase()
      if (!Object.hasOwn(meanings, word)) continue
      const better = meanings[word]
      yield {
        at: range,
        message: `Write ${better}: in YAML 1.2 ${text} is a word, not a truth value.`,
        fixes: [{ title: `Write ${better}`, edits: replaceScalar(context, scalar, better) }],
      }
    }
  },
}
