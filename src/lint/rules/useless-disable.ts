import { disablingComments } from '../sourceText.ts'
import type { RuleFile } from '../rule.ts'

const example = '`sparsescope-disable lr-off-grid: reason`'

export const rule: RuleFile = {
  id: 'Y7',
  severity: 'warning',
  needs: 'text',
  title: 'A disabling comment that does nothing',
  why: 'The comment names no rule or an unknown one, or gives no reason, so it disables nothing.',
  bad: '# sparsescope-disable lr-off-grid\nrecover: {train: [norm], lr: 2.0e-3}\ncalibration: {data: a.jsonl, seq_len: 64}',
  good: '# sparsescope-disable lr-off-grid: a small model needs a larger rate\nrecover: {train: [norm], lr: 2.0e-3}\ncalibration: {data: a.jsonl, seq_len: 64}',
  *check({ document }, all) {
    for (const { words, reason, start, end } of disablingComments(document.text)) {
      const unknown = words.filter((word) => !all.has(word))
      const at = document.range(start, end)
      if (words.length === 0) yield { at, message: `Name the rules that this comment disables: ${example}.` }
      else if (unknown.length > 0) yield { at, message: `There is no rule ${unknown.join(', ')}: see docs/rules.md.` }
      else if (reason === undefined) yield { at, message: `Give the reason: ${example}. Without one it has no effect.` }
    }
  },
}
