// Finds a few targets that match exactly the given modules: whole blocks, whole columns of the map, cells of it, else names.
import { groupsBy } from '../formatting/lists.ts'
import { createMatcher, type Module } from './match.ts'

export interface BlockModule extends Module {
  readonly block: number
}

interface Place {
  readonly name: string
  readonly block: number
  /** The part of the name before the block's number. */
  readonly prefix: string
  /** Pattern of the name after the block's number: all experts share it. */
  readonly column: string
}

/** `modules`: all linears of the blocks. */
export function targetsFor(names: readonly string[], modules: readonly BlockModule[]): string[] {
  const wanted = new Set(names)
  const places = modules.map(placeOf)
  const mine = places.filter(({ name }) => wanted.has(name))
  const left = new Set(names)
  const targets: string[] = []
  if (names.length > 1) {
    /** Groups of places, by key, that are all wanted and of which some have no target yet. */
    const whole = (keyOf: (place: Place) => string) => {
      const sizes = new Map(groupsBy(places, keyOf).map((own) => [keyOf(own[0]), own.length]))
      return groupsBy(mine, keyOf).filter(
        (own) => own.length === sizes.get(keyOf(own[0])) && own.some(({ name }) => left.has(name)),
      )
    }
    const take = (target: string, own: readonly Place[]) => {
      // A target may match more than `own`, because a prefix or a column's name may be a part of another one.
      const matcher = createMatcher(target)
      const found = new Set(modules.filter((module) => matcher.matches(module)).map(({ name }) => name))
      if (!own.every(({ name }) => found.has(name)) || [...found].some((name) => !wanted.has(name))) return false
      targets.push(target)
      for (const name of found) left.delete(name)
      return true
    }
    for (const own of groupsBy(whole(blockOf).flat(), ({ prefix }) => prefix))
      take(`re:${literal(own[0].prefix)}${oneOf(own)}\\.`, own)
    for (const own of whole(({ column }) => column))
      if (!take(`re:.*${own[0].column}$`, own)) take(`re:${literal(own[0].prefix)}\\d+${own[0].column}$`, own)
    const cells = whole((place) => `${blockOf(place)}${place.column}`).filter((own) =>
      own.every(({ name }) => left.has(name)),
    )
    for (const own of groupsBy(cells.flat(), ({ prefix, column }) => `${prefix} ${column}`))
      if (own.length > 1) take(`re:${literal(own[0].prefix)}${oneOf(own)}${own[0].column}$`, own)
  }
  return [...targets, ...left]
}

function placeOf({ name, block }: BlockModule): Place {
  const at = name.indexOf(`.${block}.`)
  if (at < 0) return { name, block, prefix: '', column: literal(name) }
  const column = literal(name.slice(at + 1 + String(block).length)).replace(/(?<=\.)\d+(?=\\\.)/g, '\\d+')
  return { name, block, prefix: name.slice(0, at + 1), column }
}

const blockOf = ({ prefix, block }: Place) => `${prefix}${block}`
const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Pattern of the numbers of these blocks. */
function oneOf(places: readonly Place[]): string {
  const blocks = [...new Set(places.map(({ block }) => block))]
  return blocks.length > 1 ? `(${blocks.join('|')})` : String(blocks[0])
}
