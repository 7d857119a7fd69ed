import { replaceValue } from '../../recipe/edits.ts'
import type { RuleFile } from '../rule.ts'
import { inBrackets } from '../sourceText.ts'

export const rule: RuleFile = {
  id: 'T9',
  severity: 'error',
  voice: 'explains',
  hasSafeFix: true,
  title: 'A word where a list of targets is needed',
  why: 'llm-compressor takes such a word letter by letter and matches nothing. Targets are a list.',
  bad: 'prune: [{sparsity: 0.3, targets: Linear}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: [Linear]}]\nsave: {to: out}',
  *check({ document, targetLists }) {
    for (const { path, value } of targetLists) {
      if (typeof value !== 'string') continue
      // A regular expression may have commas of its own.
      const list = inBrackets(document, path, value, !/[[\](){}]/.test(value))
      yield {
        at: path,
        message: `${String(path.at(-1))} is a list: put it in brackets.`,
        fixes: [{ title: list, edits: replaceValue(document, path, list) }],
      }
    }
  },
}
