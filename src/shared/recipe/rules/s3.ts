import { renameKey } from '../edits.ts'
import { oldNames, renamed } from '../oldNames.ts'
import { defineRule } from '../rule.ts'
import { unknownKeys } from '../unknownKeys.ts'

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
      const here = home.length === parent.length + 1 && home[0] === (parent[0] ?? home[0])
      const free = here && renamed.has(key) && !context.has([...parent, name])
      yield {
        at: { key: path },
        message: `${key} is another tool's name: here it is ${home.filter((p) => p !== 0).join('.')}.`,
        fixes: free ? [{ title: `Rename to ${name}`, edits: renameKey(context.document, path, name) }] : [],
      }
    }
  },
})
