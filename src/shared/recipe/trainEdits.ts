// Changes to the list `train` of a recovery.
import type { Path, RecipeDocument } from './document.ts'
import { replaceValue } from './edits.ts'
import type { Fix } from './finding.ts'

export function setTrain(document: RecipeDocument, recovery: Path, train: readonly string[]): Fix {
  const text = `[${train.join(', ')}]`
  return { title: `train: ${text}`, edits: replaceValue(document, [...recovery, 'train'], text) }
}
