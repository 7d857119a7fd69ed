// Seeded mistakes in good recipes, as people make them in YAML.
import { isMap, isScalar, isSeq, parseDocument, visit } from 'yaml'
import type { Node, Pair, Scalar } from 'yaml'
import type { Rng } from '../../src/engine/rng.ts'

export interface Mutant {
  kind: (typeof mutations)[number]['kind']
  text: string
  /** Range of the changed text; null where something was taken away or the YAML may be broken anywhere. */
  changed: { start: number; end: number } | null
}

interface Found {
  pairs: Pair[]
  words: Scalar[]
  numbers: Scalar[]
}

function look(text: string): Found {
  const found: Found = { pairs: [], words: [], numbers: [] }
  visit(parseDocument(text), {
    Pair: (_, pair) => void found.pairs.push(pair),
    Scalar(key, node) {
      if (key === 'key') return
      if (typeof node.value === 'string') found.words.push(node)
      else if (typeof node.value === 'number') found.numbers.push(node)
    },
  })
  return found
}

const start = (node: unknown) => (node as Node).range?.[0] ?? 0
const end = (node: unknown) => (node as Node).range?.[1] ?? 0
const pick = <T>(rng: Rng, list: readonly T[]): T => list[rng.below(list.length)]

function replace(text: string, from: number, to: number, by: string): Omit<Mutant, 'kind'> {
  return {
    text: text.slice(0, from) + by + text.slice(to),
    changed: { start: from, end: from + Math.max(1, by.length) },
  }
}

function misspell(rng: Rng, word: string): string {
  const at = 1 + rng.below(Math.max(1, word.length - 1))
  switch (rng.below(3)) {
    case 0:
      return word.slice(0, at) + word.slice(at + 1)
    case 1:
      return `${word.slice(0, at)}x${word.slice(at)}`
    default:
      return word.slice(0, at - 1) + (word[at] ?? 'z') + word[at - 1] + word.slice(at + 1)
  }
}

export const mutations = [
  {
    kind: 'deleted key',
    make(text: string, rng: Rng): Omit<Mutant, 'kind'> {
      const document = parseDocument(text)
      const maps: { items: Pair[] }[] = []
      visit(document, { Map: (_, map) => void maps.push(map as never) })
      const map = pick(rng, maps)
      map.items.splice(rng.below(map.items.length), 1)
      return { text: String(document), changed: null }
    },
  },
  {
    kind: 'swapped type',
    make(text: string, rng: Rng) {
      const { value } = pick(rng, look(text).pairs)
      const by = isScalar(value)
        ? pick(
            rng,
            typeof value.value === 'number'
              ? ['many', '[1, two]', '{a: 1}', 'true']
              : ['17', '{a: 1}', '[]', 'false', 'null'],
          )
        : pick(rng, isMap(value) ? ['none', '3', '[1]'] : isSeq(value) ? ['none', '3', '{a: 1}'] : ['0'])
      return replace(text, start(value), trimmedEnd(text, value), by)
    },
  },
  {
    kind: 'misspelt key',
    make(text: string, rng: Rng) {
      const { key } = pick(rng, look(text).pairs)
      return replace(text, start(key), end(key), misspell(rng, String((key as Scalar).value)))
    },
  },
  {
    kind: 'wrong word',
    make(text: string, rng: Rng) {
      const word = pick(rng, look(text).words)
      return replace(text, start(word), end(word), JSON.stringify(misspell(rng, String(word.value))))
    },
  },
  {
    kind: 'wrong number',
    make(text: string, rng: Rng) {
      const number = pick(rng, look(text).numbers)
      const by = pick(rng, [
        String(-Number(number.value)),
        '0',
        String(Number(number.value) * 1e6),
        '1.5',
        '.nan',
        '.inf',
      ])
      return replace(text, start(number), end(number), by)
    },
  },
  {
    kind: 'broken YAML',
    make(text: string, rng: Rng): Omit<Mutant, 'kind'> {
      const at = rng.below(text.length)
      const by = pick(rng, [
        '"',
        "'",
        '[',
        '}',
        ': ',
        '\t',
        '\n',
        '- ',
        '&a ',
        '*a ',
        '%',
        '@',
        '\u0000',
        '!!x ',
        '|',
        '#',
      ])
      return { text: text.slice(0, at) + by + text.slice(at + rng.below(3)), changed: null }
    },
  },
] as const

/** End of a value without the white space and comments after it. */
function trimmedEnd(text: string, node: unknown): number {
  let to = end(node)
  while (to > start(node) + 1 && /\s/.test(text[to - 1])) to--
  return to
}

export function mutate(text: string, rng: Rng): Mutant {
  const { kind, make } = mutations[rng.below(mutations.length)]
  return { kind, ...make(text, rng) }
}
