// Changes to the list `recover.train`.
import type { RecipeDocument } from './document.ts'
import { replaceValue } from './edits.ts'
import type { Fix } from './finding.ts'

export function setTrain(document: RecipeDocument, train: readonly string[]): Fix {
  const text = `[${train.join(', ')}]`
  return { title: `train: ${text}`, edits: replaceValue(document, ['recover', 'train'], text) }
}
