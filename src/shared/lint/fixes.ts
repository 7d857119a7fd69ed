// Quick fixes that many rules have. One that finds nothing to change in this text has no edits, and lint leaves it out.
import type { Path, RecipeDocument } from '../recipe/document.ts'
import { insertKey, remove, replaceValue } from '../recipe/edits.ts'
import type { Fix } from '../recipe/finding.ts'

/** Another value at a path. */
export function write(document: RecipeDocument, path: Path, value: string | number): Fix {
  return { title: `Write ${value}`, edits: replaceValue(document, path, String(value)) }
}

/** A key with its value, or an item of a list, out of the text. */
export function drop(document: RecipeDocument, path: Path, what = String(path.at(-1))): Fix {
  return { title: `Remove ${what}`, edits: remove(document, path) }
}

/** A key into the map at a path. */
export function add(document: RecipeDocument, path: Path, key: string, value: string | number): Fix {
  return { title: `Add ${key}: ${value}`, edits: insertKey(document, path, key, String(value)) }
}

/** The list `train` of the recovery at a path. */
export function setTrain(document: RecipeDocument, recovery: Path, train: readonly string[]): Fix {
  const text = `[${train.join(', ')}]`
  return { title: `train: ${text}`, edits: replaceValue(document, [...recovery, 'train'], text) }
}
