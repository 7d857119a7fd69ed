import { renameKey } from '../../recipe/edits.ts'
import { propertiesAt } from '../../recipe/jsonSchema.ts'
import { nearest } from '../../recipe/nearest.ts'
import type { RuleFile } from '../rule.ts'
import { unknownKeys } from '../sourceText.ts'

export const rule: RuleFile = {
  id: 'S1',
  severity: 'error',
  voice: 'general',
  title: 'Unknown key',
  why: 'Other tools silently drop a misspelt key and run with the default (llm-compressor#1226).',
  bad: 'prune: [{method: sparsegpt, dampenning: 0.02}]',
  good: 'prune: [{method: sparsegpt, dampening: 0.02}]',
  *check(context) {
    const { document, fix } = context
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
          fix.drop(path),
        ],
      }
    }
  },
}
