// The change of a recipe's text that gives every matrix the sparsity that is wanted: few entries, and the rest as it is.
import { groupsBy } from '../format/lists.ts'
import { readDocument, type RecipeDocument } from '../recipe/document.ts'
import {
  allocationKeysOfEntry,
  appendEntry,
  dropKey,
  rawEntries,
  removeEntry,
  selectExactly,
  setKey,
  type RawEntry,
} from '../recipe/entryEdits.ts'
import { targetsFor } from '../recipe/targetsFor.ts'
import { partText, planParts, type PlanPart } from './planParts.ts'
import { plannedSparsity, type PlanModel, type PlannedSparsity } from './plannedSparsity.ts'

export type Written = { readonly text: string; readonly problem?: undefined } | { readonly problem: string }

/** By module name: a share, null to leave it alone. Modules that are absent stay as they are, and so do fixed ones but for null. */
export type Wanted = ReadonlyMap<string, number | null>

/** An entry that the map may change, or one that others are to be like. */
interface Standing {
  readonly index: number
  readonly own: ReadonlySet<string>
}

/** Sparsities are written with four decimals. The problem is a sentence: why this recipe cannot say that. */
export function writePlanned(text: string, model: PlanModel, wanted: Wanted): Written {
  const read = plannedSparsity(text, model)
  if ('problem' in read) return read
  const goal = goalOf(read, model, wanted)
  if (goal.size === 0) return { problem: 'then this recipe would prune nothing' }
  let document = readDocument(text)
  const removed: number[] = []
  for (const { standing, names } of families(read, model, goal)) {
    const isFixed = standing.some(({ own }) => [...own].some((name) => read.fixed.has(name)))
    const before = new Set(standing.flatMap(({ own }) => [...own]))
    const stays =
      names.length === before.size &&
      names.every((name) => before.has(name) && isNear(goal.get(name), read.sparsities.get(name)))
    if (stays) continue
    if (isFixed) {
      const [{ index }] = standing
      document = names.length > 0 ? selectExactly(document, index, names, model.modules) : document
      if (names.length === 0) removed.push(index)
    } else {
      const own = new Map(names.map((name) => [name, goal.get(name) ?? 0]))
      const next = writeFamily(document, model, { standing, goal: own }, removed)
      if (!next)
        return {
          problem:
            'that would take more than a hundred entries under `prune`: give whole blocks or columns one sparsity',
        }
      document = next
    }
  }
  for (const index of removed.sort((a, b) => b - a)) document = removeEntry(document, index)
  return checked(document.text, model, goal)
}

/** The sparsity of each module that will be pruned. */
function goalOf({ sparsities, fixed }: PlannedSparsity, { modules }: PlanModel, wanted: Wanted): Map<string, number> {
  const goal = new Map<string, number>()
  for (const { name } of modules) {
    const now = sparsities.get(name)
    const asked = wanted.get(name)
    const stays = fixed.has(name) && asked !== null
    const share = stays ? now : rounded((asked === undefined ? now : asked) ?? 0)
    // Less than what four decimals can say is nothing.
    if (share !== undefined && share > 0) goal.set(name, share)
  }
  return goal
}

const rounded = (share: number): number => Math.round(1e4 * Math.min(0.9999, share)) / 1e4

function isNear(a: number | undefined, b: number | undefined): boolean {
  return a !== undefined && b !== undefined && Math.abs(a - b) < 5e-5
}

/**
 * Entries that differ in what they prune and how much alone, with the modules that they will prune. A fixed one stands by itself.
 * What nobody prunes yet goes to the entries with most weights.
 */
function families({ entries, fixed }: PlannedSparsity, { modules }: PlanModel, goal: ReadonlyMap<string, number>) {
  const isFixed = (own: ReadonlySet<string>) => [...own].some((name) => fixed.has(name))
  const wayOf = ({ index }: Standing) => {
    const { step, own } = entries[index]
    const apart = ['sparsity', 'targets', 'ignore', ...allocationKeysOfEntry]
    return isFixed(own) ? index : JSON.stringify(Object.entries(step).filter(([key]) => !apart.includes(key)))
  }
  const standing = entries.map(({ own }, index): Standing => ({ index, own }))
  const all = groupsBy(standing, wayOf)
    .map((some) => ({
      standing: some,
      names: modules
        .filter(({ name }) => goal.has(name) && some.some(({ own }) => own.has(name)))
        .map(({ name }) => name),
    }))
    .sort((a, b) => b.names.length - a.names.length)
  const pruned = new Set(entries.flatMap(({ own }) => [...own]))
  const fresh = modules.filter(({ name }) => goal.has(name) && !pruned.has(name)).map(({ name }) => name)
  if (fresh.length === 0) return all
  const home = all.find(({ standing: some }) => !isFixed(some[0].own))
  if (home) home.names.push(...fresh)
  else all.push({ standing: [], names: fresh })
  return all
}

interface Family {
  readonly standing: readonly Standing[]
  readonly goal: ReadonlyMap<string, number>
}

/** Each part goes to the entry that has most of it already, or is added at the end; `removed` gets the entries that are left over. null: too many. */
function writeFamily(
  document: RecipeDocument,
  model: PlanModel,
  { standing, goal }: Family,
  removed: number[],
): RecipeDocument | null {
  const free = new Set(standing)
  const parts = planParts(
    model,
    goal,
    standing.map(({ own }) => own),
  )
  if (!parts) return null
  const raw = rawEntries(document)
  const like = likeOf(raw, standing)
  let next = document
  const added: PlanPart[] = []
  for (const part of parts) {
    const shared = ({ own }: Standing) => part.names.filter((name) => own.has(name)).length
    const home = [...free].sort((a, b) => shared(b) - shared(a)).at(0)
    if (!home || shared(home) === 0) {
      added.push(part)
      continue
    }
    free.delete(home)
    next = setKey(next, home.index, 'sparsity', partText(part))
    for (const key of allocationKeysOfEntry) next = dropKey(next, home.index, key)
    next = selectExactly(next, home.index, part.names, model.modules)
  }
  for (const part of added) next = appendEntry(next, like, partText(part), targetsFor(part.names, model.modules))
  // An entry that prunes nothing of this model may be meant for another.
  for (const { index, own } of free) if (own.size > 0) removed.push(index)
  return next
}

function likeOf(raw: readonly RawEntry[], standing: readonly Standing[]): RawEntry {
  const home = standing.at(0)
  if (home) return raw[home.index]
  const { method } = raw[0]
  return method === undefined ? {} : { method }
}

/** What is written is read again: a recipe whose entries share values, by anchors, may come to something else. */
function checked(text: string, model: PlanModel, goal: ReadonlyMap<string, number>): Written {
  const read = plannedSparsity(text, model)
  const problem =
    'the map cannot write that into this recipe, whose entries share values or are written in an unusual way: change `prune` by hand'
  if ('problem' in read) return { problem }
  const agrees =
    read.sparsities.size === goal.size &&
    [...goal].every(([name, share]) => Math.abs((read.sparsities.get(name) ?? 0) - share) < 1e-3)
  return agrees ? { text } : { problem }
}
