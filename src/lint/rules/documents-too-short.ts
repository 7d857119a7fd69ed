import { textFieldOf } from '../../recipe/facts.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'M8',
  severity: 'error',
  needs: 'data',
  title: 'No document is long enough',
  why: 'A calibration window is cut out of one document, so some document must have more tokens than `seq_len`. A token has at least one byte, so the number of bytes is an upper bound.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: short.jsonl, seq_len: 512}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: short.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ fix, uses, facts, has }) {
    for (const { purpose, path, at: named, data, field, seqLen } of uses) {
      const file = facts.data.get(data)
      // Several conversations share a window, so their length does not matter.
      if (file?.chats?.includes(textFieldOf(file, field))) continue
      const longest = file?.longestDocument ?? null
      if (purpose !== 'calibration' || seqLen === null || longest === null || longest > seqLen) continue
      const isWritten = has([...path, 'seq_len'])
      const at = isWritten ? [...path, 'seq_len'] : named
      // About four bytes make a token of English.
      const better = Math.max(2, 2 ** Math.floor(Math.log2(Math.max(8, longest) / 4)))
      yield {
        at,
        message: `The longest document of ${data} has ${longest} bytes, so no document has more than ${seqLen} tokens: shorten seq_len or join documents.`,
        fixes: [isWritten ? fix.write(at, better) : fix.add(path, 'seq_len', better)],
      }
    }
  },
}
