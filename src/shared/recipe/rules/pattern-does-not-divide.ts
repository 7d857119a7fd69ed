import { groupOf } from '../../lint/context.ts'
import { appendItem, insertKey } from '../edits.ts'
import { defineRule } from '../../lint/rule.ts'

export const rule = defineRule({
  id: 'N2',
  severity: 'error',
  needs: 'model',
  title: 'M does not divide the number of inputs',
  why: 'Groups of M lie along the inputs of a row; a last group with fewer than M would be pruned too much.',
  bad: 'prune: [{pattern: "2:5"}]\nsave: {to: out}',
  good: 'prune: [{pattern: "2:4"}]\nsave: {to: out}',
  *check(context) {
    for (const [i, step] of context.resolved.prune.entries()) {
      const group = groupOf(step)
      if (!group) continue
      const modules = context.prunedBy(step)
      const wrong = modules.filter((m) => m.columns % group.m !== 0)
      if (wrong.length === 0) continue
      const names = wrong.slice(0, 3).map((m) => `${m.name} (${m.columns} inputs)`)
      const more = wrong.length > 3 ? ` and ${wrong.length - 3} more` : ''
      const last = [...new Set(wrong.map((m) => m.name.split('.').at(-1)))]
      const entry = JSON.stringify(`re:.*${last.length > 1 ? `(?:${last.join('|')})` : last[0]}$`)
      const path = ['prune', i, 'ignore']
      const edits = context.has(path)
        ? appendItem(context.document, path, entry)
        : insertKey(context.document, ['prune', i], 'ignore', `[${entry}]`)
      yield {
        at: ['prune', i, 'pattern'],
        message: `Groups of ${group.m} do not fit ${names.join(', ')}${more}: ignore them or choose another pattern.`,
        fixes: wrong.length < modules.length ? [{ title: 'Ignore them', edits }] : [],
      }
    }
  },
})
