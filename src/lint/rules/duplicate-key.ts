import { isScalar, visit, type YAMLMap } from 'yaml'
import { keyOf } from '../../recipe/document.ts'
import { removeFrom } from '../../recipe/edits.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'Y1',
  severity: 'error',
  needs: 'text',
  title: 'A key appears twice',
  why: 'YAML forbids it. PyYAML silently keeps the last value, other readers keep the first.',
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
}
