import { insertKey } from '../../recipe/edits.ts'
import type { RuleFile } from '../rule.ts'

const templates: Record<string, string> = {
  version: '1',
  model: 'path/to/model',
  data: 'path/to/text.jsonl',
  prompts: '[Once upon a time]',
  to: 'path/to/output',
}

export const rule: RuleFile = {
  id: 'S8',
  severity: 'error',
  title: 'A required key is missing',
  why: 'A recipe needs `version` and `model`; every use of data needs `data`, samples need `prompts`, and `save` needs `to`. Everything else has a default.',
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
}

function firstLine(text: string): number {
  const end = text.indexOf('\n')
  return end < 0 ? text.length : end
}
