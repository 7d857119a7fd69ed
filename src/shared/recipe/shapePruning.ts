// Pruning some modules less, more or not at all: the change of a recipe's text that says so. The rest of the text stays as it is.
import { allocationNames, isMeasured } from '../allocations/allocations.ts'
import { parseNm } from '../format/nm.ts'
import { applyEdits, appendItem, insertKey, remove, replaceValue, numberText } from './edits.ts'
import { readDocument, type RecipeDocument } from './document.ts'
import { selectModules, type Module } from './match.ts'
import { fieldsOf } from '../format/records.ts'

export type Shape = 'less' | 'more' | 'leave'
export const shapes: readonly Shape[] = ['less', 'more', 'leave']

/** Each change of the sparsity is by this much. */
const step = 0.05
const [least, most] = [0.05, 0.95]

export type Shaped = { readonly text: string; readonly problem?: undefined } | { readonly problem: string }

type Entry = Readonly<Record<string, unknown>>

/** `modules`: all linears of the blocks. The problem is a sentence: why this recipe cannot say that. */
export function shapePruning(
  text: string,
  modules: readonly Module[],
  chosen: ReadonlySet<string>,
  shape: Shape,
): Shaped {
  let document = readDocument(text)
  const entries = entriesOf(document)
  if (entries.length === 0) return { problem: 'this recipe prunes nothing: give it an entry under `prune` first' }
  const edit = (edits: Parameters<typeof applyEdits>[1]) => (document = readDocument(applyEdits(document, edits)))
  let touched = 0
  // Entries are edited from the last to the first, so that the places of earlier ones stay.
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i]
    const own = selectModules(modules, texts(entry.targets) ?? ['Linear'], texts(entry.ignore) ?? [])
    const meant = own.filter(({ name }) => chosen.has(name)).map(({ name }) => name)
    if (meant.length === 0) continue
    touched += meant.length
    const whole = meant.length === own.length
    if (shape === 'leave') {
      if (whole && entries.length === 1) return { problem: 'then this recipe would prune nothing' }
      if (whole) edit(remove(document, ['prune', i]))
      else ignoreAll(i, meant)
      continue
    }
    const sparsity = movedSparsity(entry, shape)
    if (typeof sparsity === 'string') return { problem: `prune.${i}: ${sparsity}` }
    if (whole) {
      const path = ['prune', i, 'sparsity']
      edit(document.nodeAt(path) ? replaceValue(document, path, numberText(sparsity)) : insertKey(document, ['prune', i], 'sparsity', numberText(sparsity))) // prettier-ignore
    } else {
      ignoreAll(i, meant)
      edit(appendItem(document, ['prune'], entryText({ ...entry, sparsity }, targetsFor(meant, modules))))
    }
  }
  if (touched === 0) return { problem: 'this recipe leaves these alone already' }
  return { text: document.text }

  function ignoreAll(index: number, names: readonly string[]): void {
    for (const target of targetsFor(names, modules)) {
      const path = ['prune', index, 'ignore']
      const quoted = JSON.stringify(target)
      const list = document.nodeAt(path)
      edit(list ? appendItem(document, path, quoted) : insertKey(document, ['prune', index], 'ignore', `[${quoted}]`))
    }
  }
}

function entriesOf({ value }: RecipeDocument): Entry[] {
  const { prune } = fieldsOf(value)
  if (!Array.isArray(prune)) return []
  return prune.map(fieldsOf)
}

function texts(value: unknown): string[] | null {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : null
}

/** The new sparsity, or why there is no single number to move. */
function movedSparsity({ sparsity = 0.5, pattern, allocation }: Entry, shape: 'less' | 'more'): number | string {
  if (typeof pattern === 'string' && parseNm(pattern)) return `its pattern ${pattern} fixes how many go; leave modules alone instead` // prettier-ignore
  if (allocationNames.some((name) => name === allocation && isMeasured(name))) return 'its allocation spreads the sparsity over the blocks; remove it first' // prettier-ignore
  if (typeof sparsity !== 'number') return 'its sparsity is a list over depth; change its numbers instead'
  const moved = Math.round(100 * (sparsity + (shape === 'less' ? -step : step))) / 100
  return Math.min(most, Math.max(least, moved))
}

/** An entry on one line; keys in the order of the entry that it is like. */
function entryText(entry: Entry, targets: readonly string[]): string {
  const keys = Object.entries(entry).filter(([key]) => key !== 'targets' && key !== 'ignore')
  const values = [...keys, ['targets', targets] as const].map(([key, value]) => {
    const text = typeof value === 'number' ? numberText(value) : JSON.stringify(value)
    return `${key}: ${key === 'method' ? String(value) : text}`
  })
  return `{ ${values.join(', ')} }`
}

const place = /^(.*\.)(\d+)(\..*)$/

/** Few targets that match these and no other: whole blocks, whole columns of the map, else names. */
export function targetsFor(names: readonly string[], modules: readonly Module[]): string[] {
  const parts = modules.flatMap(({ name }) => {
    const match = place.exec(name)
    return match ? [{ name, prefix: match[1], block: match[2], rest: match[3] }] : []
  })
  const chosen = new Set(names)
  const mine = parts.filter(({ name }) => chosen.has(name))
  const [first] = mine
  if (!first || mine.length < 2 || mine.length !== chosen.size || parts.some(({ prefix }) => prefix !== first.prefix))
    return [...names]
  const blocks = new Set(mine.map(({ block }) => block))
  const rests = new Set(mine.map(({ rest }) => rest))
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  if (parts.filter(({ block }) => blocks.has(block)).length === mine.length)
    return [`re:${literal(first.prefix)}(${[...blocks].join('|')})\\.`]
  if (parts.filter(({ rest }) => rests.has(rest)).length === mine.length)
    return [...rests].map((rest) => `re:.*${literal(rest)}$`)
  return [...names]
}
