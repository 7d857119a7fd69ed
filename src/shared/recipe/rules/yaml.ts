// Text that YAML readers take differently, or not at all.
import { isScalar, visit, type YAMLMap } from 'yaml'
import { keyOf } from '../document.ts'
import { removeFrom, replaceRange } from '../edits.ts'
import { defineRule } from '../rule.ts'
import { plainScalars, replaceScalar } from '../scalars.ts'

export const y1 = defineRule({
  id: 'Y1',
  severity: 'error',
  foreign: 'too',
  title: 'A key is there twice',
  why: 'YAML forbids it. PyYAML keeps the last value without a word, other readers keep the first.',
  bad: 'seed: 1\nseed: 2',
  good: 'seed: 1',
  *check({ document }) {
    const maps: YAMLMap[] = []
    if (document.root) visit(document.root, { Map: (_, map) => void maps.push(map) })
    for (const map of maps) {
      const seen = new Set<string>()
      for (const [i, pair] of map.items.entries()) {
        const key = keyOf(pair)
        if (key === null || !isScalar(pair.key) || !pair.key.range) continue
        if (seen.has(key)) {
          yield {
            at: document.range(pair.key.range[0], pair.key.range[1]),
            message: `The key ${key} is in this map already, and only one of the two would count: remove one.`,
            fixes: [{ title: `Remove this ${key}`, edits: removeFrom(document, map, i) }],
          }
        }
        seen.add(key)
      }
    }
  },
})

export const y2 = defineRule({
  id: 'Y2',
  severity: 'warning',
  foreign: 'too',
  title: 'N:M without quotes',
  why: 'PyYAML reads an unquoted `2:4` as a number to base 60, which is 124, and `4:8` as 248. Quoted it is the same everywhere.',
  bad: 'prune: [{pattern: 2:4}]',
  good: 'prune: [{pattern: "2:4"}]',
  *check(context) {
    for (const { text, range, scalar } of plainScalars(context)) {
      if (!/^\d+:\d+$/.test(text)) continue
      yield {
        at: range,
        message: `Quote it: YAML 1.1 readers such as PyYAML take ${text} without quotes for a number to base 60.`,
        fixes: [{ title: `"${text}"`, edits: replaceScalar(context, scalar, `"${text}"`) }],
      }
    }
  },
})

export const y3 = defineRule({
  id: 'Y3',
  severity: 'warning',
  foreign: 'too',
  title: 'An exponent without a dot or a sign',
  why: 'PyYAML reads `5e-4` and `5.0e4` as strings: it wants a dot and a signed exponent, as in `5.0e-4`.',
  bad: 'recover: {lr: 5e-4}',
  good: 'recover: {lr: 5.0e-4}',
  *check(context) {
    for (const { text, range, scalar } of plainScalars(context)) {
      const parts = /^([-+]?(?:\d+\.?\d*|\.\d+))[eE]([-+]?)(\d+)$/.exec(text)
      if (!parts || (parts[1].includes('.') && parts[2] !== '')) continue
      const digits = parts[1].includes('.') ? parts[1] : `${parts[1]}.0`
      const better = `${digits}e${parts[2] || '+'}${parts[3]}`
      yield {
        at: range,
        message: `PyYAML reads ${text} as a string: write ${better}.`,
        fixes: [{ title: `Write ${better}`, edits: replaceScalar(context, scalar, better) }],
      }
    }
  },
})

const meanings: Record<string, string> = { yes: 'true', on: 'true', no: 'false', off: 'false' }

export const y4 = defineRule({
  id: 'Y4',
  severity: 'hint',
  foreign: 'too',
  title: 'yes, no, on or off as a truth value',
  why: 'YAML 1.1 reads them as true and false, YAML 1.2 as words. `true` and `false` mean the same to both.',
  bad: 'recover: {shuffle: yes}',
  good: 'recover: {shuffle: true}',
  *check(context) {
    for (const { text, range, scalar } of plainScalars(context)) {
      const better = meanings[text.toLowerCase()]
      if (better === undefined) continue
      yield {
        at: range,
        message: `Write ${better}: in YAML 1.2 ${text} is a word, not a truth value.`,
        fixes: [{ title: `Write ${better}`, edits: replaceScalar(context, scalar, better) }],
      }
    }
  },
})

export const y5 = defineRule({
  id: 'Y5',
  severity: 'warning',
  foreign: 'too',
  title: 'An integer with leading zeros',
  why: 'YAML 1.1 reads `017` as octal, which is 15; YAML 1.2 as 17.',
  bad: 'seed: 017',
  good: 'seed: 17',
  *check(context) {
    for (const { text, range, scalar } of plainScalars(context)) {
      if (!/^[-+]?0+\d+$/.test(text)) continue
      const better = text.replace(/^([-+]?)0+(?=\d)/, '$1')
      yield {
        at: range,
        message: `Write ${better}: YAML 1.1 readers take ${text} for an octal number.`,
        fixes: [{ title: `Write ${better}`, edits: replaceScalar(context, scalar, better) }],
      }
    }
  },
})

export const y6 = defineRule({
  id: 'Y6',
  severity: 'error',
  foreign: 'too',
  title: 'Broken YAML',
  why: 'Nothing else can be checked before the text can be read. Indentation is spaces; tabs are not allowed.',
  bad: 'prune:\n\t- method: wanda',
  good: 'prune:\n  - method: wanda\ncalibration: {data: a.jsonl, seq_len: 64}\nseed: 0',
  *check({ document }) {
    for (const problem of document.problems) {
      const tabs = tabIndent(problem.start)
      yield {
        at: document.range(problem.start, problem.end),
        message: `${problem.message.replace(/\.$/, '')}.`,
        fixes: tabs ? [{ title: 'Indent with spaces', edits: tabs }] : [],
      }
    }

    /** Two spaces for each tab at the start of the lines, when the line of the problem has some. */
    function tabIndent(offset: number) {
      const lineStart = document.text.lastIndexOf('\n', offset - 1) + 1
      if (!/^ *\t/.test(document.text.slice(lineStart, lineStart + 200))) return null
      return [...document.text.matchAll(/^[ \t]*\t[ \t]*/gm)].map((m) =>
        replaceRange(document, m.index, m.index + m[0].length, m[0].replaceAll('\t', '  ')),
      )
    }
  },
})
