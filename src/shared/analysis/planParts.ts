// A map of sparsities as few parts, each an entry of a recipe: one number or one list over the depth, and the modules that have it.
import { groupsBy } from '../format/lists.ts'
import { numberText } from '../recipe/edits.ts'
import { sparsityOfBlock } from '../recipe/resolve.ts'
import { targetsFor } from '../recipe/targetsFor.ts'
import type { PlanModel, PlanModule } from './plannedSparsity.ts'

export interface PlanPart {
  readonly sparsity: number | readonly number[]
  readonly names: readonly string[]
}

/** Sparsity by module name; modules that are absent are left alone. Four decimals. */
export type Goal = ReadonlyMap<string, number>

/** Most entries that a way of writing may take. */
const mostParts = 100
/** How far from what is wanted a short list may be: half of the last decimal, twice. */
const tolerance = 1e-4

export function partText({ sparsity }: PlanPart): string {
  return typeof sparsity === 'number' ? numberText(sparsity) : `[${sparsity.map(numberText).join(', ')}]`
}

/**
 * The parts with the least text, the one with most weights first. `standing`: the modules of the entries that are there, which
 * stay apart where what they are given differs. null: a recipe would need more than a hundred entries.
 */
export function planParts(model: PlanModel, goal: Goal, standing: readonly ReadonlySet<string>[]): PlanPart[] | null {
  const modules = model.modules.filter(({ name }) => goal.has(name))
  const kept = partsOf(
    standing.map((own) => modules.filter(({ name }) => own.has(name))).filter((own) => own.length > 0),
    model,
    goal,
  )
  const covers = kept?.reduce((sum, { names }) => sum + names.length, 0) === modules.length
  if (kept && covers && new Set(kept.map(partText)).size === kept.length) return kept
  const ways = [byValue(modules, goal), byBlock(modules, model, goal), byColumn(modules, model, goal)]
  const lengths = ways.map((parts) => (parts ? lengthOf(parts, model) : Infinity))
  const least = Math.min(...lengths)
  return least < Infinity ? ways[lengths.indexOf(least)] : null
}

/** Rough number of characters: of values, of targets, and of what stands in every entry. */
function lengthOf(parts: readonly PlanPart[], { modules }: PlanModel): number {
  if (parts.length > mostParts) return Infinity
  const entry = 30
  const all = parts.map((part, i) => {
    // The first is all that the others are not.
    const targets = i === 0 ? [] : targetsFor(part.names, modules)
    return entry + partText(part).length + 2 * targets.join('", "').length
  })
  return all.reduce((sum, length) => sum + length, 0)
}

function byValue(modules: readonly PlanModule[], goal: Goal): PlanPart[] {
  return heaviestFirst(groupsBy(modules, ({ name }) => goal.get(name))).map((own) => ({
    sparsity: goal.get(own[0].name) ?? 0,
    names: own.map(({ name }) => name),
  }))
}

/** A list of what most of each block has, and the rest by value. */
function byBlock(modules: readonly PlanModule[], { numBlocks }: PlanModel, goal: Goal): PlanPart[] {
  const usual = new Map(
    groupsBy(modules, ({ block }) => block).map((own) => {
      const [[first]] = heaviestFirst(groupsBy(own, ({ name }) => goal.get(name)))
      return [first.block, goal.get(first.name) ?? 0] as const
    }),
  )
  const isUsual = ({ name, block }: PlanModule) => goal.get(name) === usual.get(block)
  const base = modules.filter(isUsual).map(({ name }) => name)
  return [
    { sparsity: overDepth(usual, numBlocks), names: base },
    ...byValue(
      modules.filter((m) => !isUsual(m)),
      goal,
    ),
  ]
}

/** Columns with the same sparsities in all blocks together; null where one has several in a block. */
function byColumn(modules: readonly PlanModule[], model: PlanModel, goal: Goal): PlanPart[] | null {
  const columns = groupsBy(modules, ({ column }) => column)
  const valuesOf = (own: readonly PlanModule[]) =>
    JSON.stringify([...(blockValues(own, goal) ?? [])].sort(([a], [b]) => a - b))
  return partsOf(heaviestFirst(groupsBy(columns, valuesOf).map((alike) => alike.flat())), model, goal)
}

/** null where a group has several sparsities in a block. */
function partsOf(owns: readonly (readonly PlanModule[])[], { numBlocks }: PlanModel, goal: Goal): PlanPart[] | null {
  const parts: PlanPart[] = []
  for (const own of owns) {
    const values = blockValues(own, goal)
    if (!values) return null
    parts.push({ sparsity: overDepth(values, numBlocks), names: own.map(({ name }) => name) })
  }
  return parts
}

/** Sparsity of each block that these are in; null where a block has several. */
function blockValues(own: readonly PlanModule[], goal: Goal): Map<number, number> | null {
  const values = new Map<number, number>()
  for (const { name, block } of own) {
    const sparsity = goal.get(name) ?? 0
    if ((values.get(block) ?? sparsity) !== sparsity) return null
    values.set(block, sparsity)
  }
  return values
}

/** One number, else the shortest list that says these exactly. A block without any has what the one before it has. */
function overDepth(values: ReadonlyMap<number, number>, numBlocks: number): number | number[] {
  const [first] = values.values()
  if ([...values.values()].every((sparsity) => sparsity === first)) return first
  let last = first
  const all = Array.from({ length: numBlocks }, (_, block) => (last = values.get(block) ?? last))
  for (let length = 2; length < numBlocks; length++) {
    if ((numBlocks - 1) % (length - 1) !== 0) continue
    const list = Array.from({ length }, (_, i) => all[(i * (numBlocks - 1)) / (length - 1)])
    const says = (block: number) => sparsityOfBlock(list, block, numBlocks)
    if ([...values].every(([block, sparsity]) => Math.abs(says(block) - sparsity) <= tolerance)) return list
  }
  return all
}

function heaviestFirst(owns: readonly PlanModule[][]): PlanModule[][] {
  const weight = (own: readonly PlanModule[]) => own.reduce((sum, { parameters }) => sum + parameters, 0)
  return [...owns].sort((a, b) => weight(b) - weight(a))
}
