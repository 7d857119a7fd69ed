import { renameKey } from '../edits.ts'
import { oldNames, renamed } from '../oldNames.ts'
import { defineRule } from '../../rule/rule.ts'
import { isSame, keysOf, unknownKeys } from '../../rule/unknownKeys.ts'

export const rule = defineRule({
  id: 'S3',
  severity: 'error',
  voice: 'explains',
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
