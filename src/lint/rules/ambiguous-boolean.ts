import { pathAt } from '../../recipe/document.ts'
import { alternatives, schemaAt } from '../../recipe/jsonSchema.ts'
import type { RuleFile } from '../rule.ts'
import { plainScalars, replaceScalar } from '../sourceText.ts'

const meanings: Record<string, string> = { yes: 'true', on: 'true', no: 'false', off: 'false' }

export const rule: RuleFile = {
  id: 'Y4',
  severity: 'hint',
  needs: 'text',
  hasSafeFix: true,
  title: 'yes, no, on or off as a truth value',
  why: 'YAML 1.1 reads them as true and false, YAML 1.2 as words. `true`, `false` and words in quotes mean the same in both.',
  bad: 'recover: {shuffle: yes}',
  good: 'recover: {shuffle: true}',
  *check(context) {
    for (const { text, range, scalar } of plainScalars(context)) {
      const word = text.toLowerCase()
      if (!Object.hasOwn(meanings, word)) continue
      const schema = schemaAt(pathAt(context.document, scalar.range?.[0] ?? 0) ?? [])
      const isTruth = schema !== null && alternatives(schema).some(({ type }) => type === 'boolean')
      const better = isTruth ? meanings[word] : JSON.stringify(text)
      yield {
        at: range,
        message: isTruth
          ? `Write ${better}: in YAML 1.2 ${text} is a word, not a truth value.`
          : `Quote it: YAML 1.1 readers such as PyYAML take ${text} without quotes for ${meanings[word]}.`,
        fixes: [{ title: `Write ${better}`, edits: replaceScalar(context, scalar, better) }],
      }
    }
  },
}
