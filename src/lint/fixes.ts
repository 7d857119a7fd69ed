// Quick fixes that many rules have. One that finds nothing to change in this text has no edits, and lint leaves it out.
import type { Path, RecipeDocument } from '../recipe/document.ts'
import { insertKey, remove, replaceValue } from '../recipe/edits.ts'
import type { Fix } from '../recipe/finding.ts'

export interface Fixes {
  /** Another value at a path. */
  write(path: Path, value: string | number): Fix
  /** A key with its value, or an item of a list, out of the text. */
  drop(path: Path, what?: string): Fix
  /** A key into the map at a path. */
  add(path: Path, key: string, value: string | number): Fix
  /** The list `train` of the recovery at a path. */
  setTrain(recovery: Path, train: readonly string[]): Fix
}

export function fixesOf(document: RecipeDocument): Fixes {
  return {
    write: (path, value) => ({ title: `Write ${value}`, edits: replaceValue(document, path, String(value)) }),
    drop: (path, what = String(path.at(-1))) => ({ title: `Remove ${what}`, edits: remove(document, path) }),
    add: (path, key, value) => ({
      title: `Add ${key}: ${value}`,
      edits: insertKey(document, path, key, String(value)),
    }),
    setTrain(recovery, train) {
      const text = `[${train.join(', ')}]`
      return { title: `train: ${text}`, edits: replaceValue(document, [...recovery, 'train'], text) }
    },
  }
}
