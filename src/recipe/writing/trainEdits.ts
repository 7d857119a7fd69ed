// The edits that make a recovery of a recipe train something else.
import { isMap, isSeq } from 'yaml'
import { readDocument } from '../document.ts'
import { flowText, insertKey, replaceValue } from '../edits.ts'
import type { TextEdit } from '../finding.ts'

/**
 * `recovery`: index in the recipe's list. A `rank` of null leaves the rank as it is. Empty where the text has no such recovery that
 * can be edited.
 */
export function trainEdits(text: string, recovery: number, train: readonly string[], rank: number | null): TextEdit[] {
  const document = readDocument(text)
  const path = isSeq(document.nodeAt(['recover'])) ? ['recover', recovery] : ['recover']
  if (!isMap(document.nodeAt(path))) return []
  const put = (at: (string | number)[], key: string, value: string) =>
    document.nodeAt([...at, key]) ? replaceValue(document, [...at, key], value) : insertKey(document, at, key, value)
  const edits = put(path, 'train', flowText(train))
  if (rank === null) return edits
  const lora = [...path, 'lora']
  return [
    ...edits,
    ...(isMap(document.nodeAt(lora)) ? put(lora, 'rank', String(rank)) : put(path, 'lora', `{rank: ${rank}}`)),
  ]
}
