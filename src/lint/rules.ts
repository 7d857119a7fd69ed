// All rules by their names, in the order of the documentation. A rule is also known by the id that it had before it had a name.
import * as files from './rules/index.ts'
import { topics, type Rule, type RuleFile, type Topic } from './rule.ts'

const order = Object.keys(topics) as Topic[]

export const rules: readonly Rule[] = Object.entries<RuleFile>(files)
  .map(([name, file]): Rule => {
    const topic = file.id[0] as Topic
    return { ...file, name, topic, alias: file.id === topic ? name : file.id }
  })
  .sort((a, b) => order.indexOf(a.topic) - order.indexOf(b.topic) || numberOf(a) - numberOf(b))

/** Sorts rules without a number last. */
function numberOf({ id }: Rule): number {
  return Number(id.slice(1)) || Infinity
}

const byWord = new Map(rules.flatMap((rule) => [rule.name, rule.alias.toLowerCase()].map((word) => [word, rule])))

/** Finds a rule by name or old id, in capitals or not. */
export function findRule(word: string): Rule | null {
  return byWord.get(word.toLowerCase()) ?? null
}
