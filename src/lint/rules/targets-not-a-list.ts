import { replaceValue, scalarText } from '../../recipe/edits.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'T9',
  severity: 'error',
  voice: 'explains',
  title: 'A word where a list of targets is needed',
  why: 'llm-compressor takes such a word letter by letter and matches nothing. Targets are a list.',
  bad: 'prune: [{sparsity: 0.3, targets: Linear}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: [Linear]}]\nsave: {to: out}',
  *check({ document, targetLists }) {
    for (const { path, value } of targetLists) {
      if (typeof value !== 'string') continue
      // The text as written, unless it spans lines.
      const range = document.nodeAt(path)?.range
      const own = range ? document.text.slice(range[0], range[1]) : ''
      const text = own === '' || /[\n|>]/.test(own) ? scalarText(value) : own
      yield {
        at: path,
        message: `${String(path.at(-1))} is a list: put it in brackets.`,
        fixes: [{ title: `[${text}]`, edits: replaceValue(document, path, `[${text}]`) }],
      }
    }
  },
}
