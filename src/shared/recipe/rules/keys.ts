// Keys: unknown, in the wrong section, of another tool, or missing.
import type { Path } from '../document.ts'
import { insertKey, remove, renameKey } from '../edits.ts'
import { propertiesAt, sections } from '../jsonSchema.ts'
import { nearest } from '../nearest.ts'
import { oldNames, renamed } from '../oldNames.ts'
import { defineRule } from '../rule.ts'
import { unknownKeys } from '../unknownKeys.ts'

/** Without the places in lists. */
const keysOf = (path: Path) => path.filter((key) => typeof key === 'string')
const isSame = (a: Path, b: Path) => a.length === b.length && a.every((key, i) => key === b[i])

/** A section of the format in the same item of a list, where `recover` is one. */
function beside(section: Path, parent: Path): Path {
  const [top, ...inner] = section
  return top === parent[0] && top === 'recover' && typeof parent[1] === 'number' ? [top, parent[1], ...inner] : section
}

export const s1 = defineRule({
  id: 'S1',
  severity: 'error',
  title: 'Unknown key',
  why: 'Other tools drop a misspelt key without a word and run with the default (llm-compressor#1226).',
  bad: 'prune: [{method: sparsegpt, dampenning: 0.02}]',
  good: 'prune: [{method: sparsegpt, dampening: 0.02}]',
  *check(context) {
    const { document } = context
    for (const { key, parent, path } of unknownKeys(context)) {
      const known = Object.keys(propertiesAt(parent) ?? {})
      const meant = nearest(
        key,
        known.filter((k) => !context.has([...parent, k])),
      )
      const where = parent.findLast((p) => typeof p === 'string') ?? 'A recipe'
      yield {
        at: { key: path },
        message: meant
          ? `Unknown key ${key}: did you mean ${meant}?`
          : `Unknown key ${key}. ${where} has ${known.join(', ')}.`,
        fixes: [
          ...(meant ? [{ title: `Rename to ${meant}`, edits: renameKey(document, path, meant) }] : []),
          { title: `Remove ${key}`, edits: remove(document, path) },
        ],
      }
    }
  },
})

export const s2 = defineRule({
  id: 'S2',
  severity: 'error',
  explains: true,
  title: 'A key of another section',
  why: 'A key in the wrong place does nothing (llm-compressor#1225). It is most likely meant for the section that knows it.',
  bad: 'prune: [{method: magnitude, steps: 100}]\nrecover: {mode: retrain}',
  good: 'prune: [{method: magnitude}]\nrecover: {mode: retrain, steps: 100}',
  *check(context) {
    const { document } = context
    for (const { key, parent, path } of unknownKeys(context)) {
      const homes = sections.filter((s) => !isSame(keysOf(s), keysOf(parent))).map((s) => beside(s, parent))
      const known = homes.filter((s) => Object.hasOwn(propertiesAt(s) ?? {}, key))
      if (known.length === 0) continue
      const names = known.map((s) => (s.length === 0 ? 'the top level' : keysOf(s).join('.')))
      const fixes = known.flatMap((home, i) => {
        if (context.has([...home, key])) return []
        const range = document.nodeAt(path)?.range
        const value = range ? document.text.slice(range[0], range[1]) : ''
        const insert = value.includes('\n') || value === '' ? [] : insertKey(document, home, key, value)
        const cut = remove(document, path)
        return insert.length > 0 && cut.length > 0 ? [{ title: `Move to ${names[i]}`, edits: [...cut, ...insert] }] : []
      })
      yield {
        at: { key: path },
        message: `The key ${key} belongs to ${names.join(' or ')}, not here: move it there.`,
        fixes,
      }
    }
  },
})

export const s3 = defineRule({
  id: 'S3',
  severity: 'error',
  explains: true,
  title: 'A name of another tool',
  why: 'SparseML, llm-compressor and PERP have other names for the same settings. `sparsescope import` converts whole recipes of theirs.',
  bad: 'prune: [{method: sparsegpt, percdamp: 0.02}]',
  good: 'prune: [{method: sparsegpt, dampening: 0.02}]',
  *check(context) {
    for (const { key, parent, path } of unknownKeys(context)) {
      if (!Object.hasOwn(oldNames, key)) continue
      const home = oldNames[key]
      const name = String(home.at(-1))
      const here = isSame(keysOf(home.slice(0, -1)), keysOf(parent))
      const free = here && renamed.has(key) && !context.has([...parent, name])
      yield {
        at: { key: path },
        message: `${key} is another tool's name: here it is ${keysOf(home).join('.')}.`,
        fixes: free ? [{ title: `Rename to ${name}`, edits: renameKey(context.document, path, name) }] : [],
      }
    }
  },
})

const templates: Record<string, string> = {
  version: '1',
  model: 'path/to/model',
  data: 'path/to/text.jsonl',
  prompts: '[Once upon a time]',
  to: 'path/to/output',
}

export const s8 = defineRule({
  id: 'S8',
  severity: 'error',
  title: 'A required key is missing',
  why: 'A recipe needs `version` and `model`; every use of data needs `data`, samples need `prompts`, and `save` needs `to`. All else has a default.',
  bad: 'save: {max_shard: 5GB}',
  good: 'save: {to: out, max_shard: 5GB}\nprune: [{sparsity: 0.3}]',
  *check(context) {
    for (const issue of context.issues) {
      const path = issue.path as (string | number)[]
      const key = path.at(-1)
      if (issue.code === 'unrecognized_keys' || typeof key !== 'string' || context.has(path)) continue
      const parent = path.slice(0, -1)
      const value = templates[key]
      const edits = value === undefined ? [] : insertKey(context.document, parent, key, value)
      yield {
        at: parent.length > 0 ? { key: parent } : context.document.range(0, firstLine(context.document.text)),
        message: `${parent.length > 0 ? parent.filter((p) => typeof p === 'string').join('.') : 'This recipe'} needs ${key}: add it.`,
        fixes: edits.length > 0 ? [{ title: `Add ${key}`, edits }] : [],
      }
    }
  },
})

function firstLine(text: string): number {
  const end = text.indexOf('\n')
  return end < 0 ? text.length : end
}
