// Changes of one entry under `prune`: which modules it has, and its keys. Comments and the style of what stays, stay.
import { allocationNames } from '../allocations/allocations.ts'
import { fieldsOf } from '../format/records.ts'
import { readDocument, type RecipeDocument } from './document.ts'
import { appendItem, applyEdits, flowText, insertKey, remove, replaceValue } from './edits.ts'
import type { TextEdit } from './finding.ts'
import { createMatcher, selectModules } from './match.ts'
import { targetsFor, type BlockModule } from './targetsFor.ts'

/** An entry as it is written. */
export type RawEntry = Readonly<Record<string, unknown>>

export function rawEntries({ value }: RecipeDocument): RawEntry[] {
  const { prune } = fieldsOf(value)
  return Array.isArray(prune) ? prune.map(fieldsOf) : []
}

/** Keys that say how one number is spread over the blocks. */
export const allocationKeysOfEntry: readonly string[] = ['allocation', ...allocationNames]

function edited(document: RecipeDocument, edits: readonly TextEdit[]): RecipeDocument {
  return edits.length === 0 ? document : readDocument(applyEdits(document, edits))
}

/** `value` is YAML on one line. */
export function setKey(document: RecipeDocument, entry: number, key: string, value: string): RecipeDocument {
  const path = ['prune', entry, key]
  const node = document.nodeAt(path)
  return edited(
    document,
    node ? replaceValue(document, path, value) : insertKey(document, ['prune', entry], key, value),
  )
}

export function dropKey(document: RecipeDocument, entry: number, key: string): RecipeDocument {
  const path = ['prune', entry, key]
  return document.pairAt(path) ? edited(document, remove(document, path)) : document
}

export function removeEntry(document: RecipeDocument, entry: number): RecipeDocument {
  return edited(document, remove(document, ['prune', entry]))
}

/** Another entry at the end of the list, on one line, with the keys of one that is like it. */
export function appendEntry(document: RecipeDocument, like: RawEntry, sparsity: string, targets: readonly string[]) {
  const apart = ['sparsity', 'targets', 'ignore', ...allocationKeysOfEntry]
  const keys = Object.entries(like).filter(([key]) => !apart.includes(key))
  const texts = keys.map(([key, value]) => `${key}: ${flowText(value)}`)
  const all = [...texts, `sparsity: ${sparsity}`, `targets: ${JSON.stringify(targets)}`]
  return edited(document, appendItem(document, ['prune'], `{ ${all.join(', ')} }`))
}

/** Gives an entry exactly these modules, by the shorter of two ways: what it has already and what to ignore of it, or targets. */
export function selectExactly(
  document: RecipeDocument,
  entry: number,
  names: readonly string[],
  modules: readonly BlockModule[],
): RecipeDocument {
  const raw = rawEntries(document)[entry]
  const [targets, ignore] = [textsOf(raw['targets']) ?? ['Linear'], textsOf(raw['ignore']) ?? []]
  const wanted = new Set(names)
  const isWanted = modules.filter(({ name }) => wanted.has(name))
  const found = selectModules(modules, targets, ignore)
  if (found.length === wanted.size && found.every(({ name }) => wanted.has(name))) return document
  const matchesAny = (item: string, some: readonly BlockModule[]) => {
    const matcher = createMatcher(item)
    return some.some((module) => matcher.matches(module))
  }
  const kept = targets.filter((item) => matchesAny(item, isWanted))
  const covered = new Set(selectModules(isWanted, kept).map(({ name }) => name))
  const missing = targetsFor(
    names.filter((name) => !covered.has(name)),
    modules,
  )
  const keptIgnore = ignore.filter((item) => !matchesAny(item, isWanted))
  const besides = selectModules(modules, [...kept, ...missing], keptIgnore).filter(({ name }) => !wanted.has(name))
  const ignored = targetsFor(
    besides.map(({ name }) => name),
    modules,
  )
  const anew = targetsFor(names, modules)
  const lengthOf = (items: readonly string[]) => items.join('", "').length
  if (kept.length === 0 || lengthOf([...missing, ...ignored]) > lengthOf(anew)) {
    // What is ignored inside the blocks is superseded.
    const rest = ignore.filter((item) => !matchesAny(item, modules))
    return setList(setKey(document, entry, 'targets', JSON.stringify(anew)), entry, 'ignore', ignore, rest)
  }
  const next = setList(document, entry, 'targets', targets, [...kept, ...missing])
  return setList(next, entry, 'ignore', ignore, [...keptIgnore, ...ignored])
}

/** Makes one list of another item by item, so that the comments of those that stay, stay. */
function setList(
  document: RecipeDocument,
  entry: number,
  key: string,
  before: readonly string[],
  after: readonly string[],
): RecipeDocument {
  const path = ['prune', entry, key]
  const added = after.filter((item) => !before.includes(item))
  if (!document.nodeAt(path)) return added.length > 0 ? setKey(document, entry, key, JSON.stringify(after)) : document
  if (after.length === 0) return dropKey(document, entry, key)
  let next = document
  for (const item of added) next = edited(next, appendItem(next, path, JSON.stringify(item)))
  for (let i = before.length - 1; i >= 0; i--)
    if (!after.includes(before[i])) next = edited(next, remove(next, [...path, i]))
  return next
}

function textsOf(value: unknown): string[] | null {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : null
}
