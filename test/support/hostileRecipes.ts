// Recipes of any length, made of the bad examples of all rules: each list in turn gets long, and so do the maps.
import { parse } from 'yaml'
import { isRecord } from '../../src/catalog/formats/json.ts'
import type { Rule } from '../../src/lint/rule.ts'
import { exampleText } from './ruleExamples.ts'

/** The text for a number of items, and what it is made of. */
type Hostile = [what: string, textOf: (n: number) => string]

const lists = ['prune', 'recover', 'evaluate'] as const

export function hostileRecipes(rules: readonly Rule[]): Hostile[] {
  const texts = rules.map((rule) => exampleText(rule, rule.bad))
  const recipes = texts.map(valueOf).filter(isRecord)
  const itemsOf = (key: string) => recipes.flatMap((recipe) => [recipe[key] ?? []].flat() as unknown[])
  const base = {
    ...{ version: 1, model: 'm', calibration: { data: 'a.jsonl', seq_len: 64 }, save: { to: 'out' } },
    ...{ prune: [{ method: 'wanda' }], recover: [{ mode: 'retrain', data: 'a.jsonl', train: ['norm'] }] },
  }
  const long = (key: string, items: readonly unknown[]): Hostile => [
    key,
    (n) => JSON.stringify({ ...base, [key]: repeated(items, n) }),
  ]
  const targets = itemsOf('prune').flatMap((step) => (isRecord(step) ? ([step.targets ?? []].flat() as unknown[]) : []))
  const unknown = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`unknown${i}`, i]))
  return [
    // Alone and among those of all rules, as one mistake may hide another.
    ...lists.map((key) => long(key, itemsOf(key))),
    ...lists.flatMap((key) =>
      itemsOf(key)
        .filter((_, i) => i % 8 === 0)
        .map((item): Hostile => [`${key} of ${JSON.stringify(item)}`, long(key, [item])[1]]),
    ),
    ['targets', (n) => JSON.stringify({ ...base, prune: [{ targets: repeated(targets, n) }] })],
    ['unknown keys', (n) => JSON.stringify({ ...base, ...unknown(n) })],
    ['unknown keys of a step', (n) => JSON.stringify({ ...base, prune: [unknown(n)] })],
    ['values of a sweep', (n) => JSON.stringify({ ...base, sweep: { seed: repeated([1, 'a', 2.5], n) } })],
    ...rules
      .filter(({ needs }) => needs === 'text')
      .map((rule): Hostile => [`lines of ${rule.name}`, (n) => linesOf(exampleText(rule, rule.bad), n)]),
  ]
}

function valueOf(text: string): unknown {
  try {
    return parse(text, { uniqueKeys: false })
  } catch {
    return null
  }
}

function repeated<T>(items: readonly T[], n: number): T[] {
  return Array.from({ length: n }, (_, i) => items[i % items.length])
}

function linesOf(text: string, n: number): string {
  return `${repeated(text.trimEnd().split('\n'), n).join('\n')}\n`
}
