import { remove } from '../edits.ts'
import { isPrunable } from '../facts.ts'
import { defineRule } from '../../lint/rule.ts'

const kinds: Record<string, string> = {
  embedding: 'an embedding',
  norm: 'a norm',
  router: 'a router',
  head: 'the output head',
}

export const rule = defineRule({
  id: 'T11',
  severity: 'error',
  needs: 'model',
  title: 'A target that cannot be pruned',
  why: 'Only the projections inside the blocks are pruned: embeddings are looked up, norms have no inputs to choose from, and pruned routers or heads ruin a model.',
  bad: 'prune: [{sparsity: 0.3, targets: [Linear, model.decoder.embed_tokens]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: [Linear]}]\nsave: {to: out}',
  *check(context) {
    for (const entry of context.entries) {
      const matched = context.matched(entry.matcher.entry)
      const wrong = matched.filter((m) => !isPrunable(m) && m.kind !== 'head')
      if (entry.kind !== 'targets' || matched.length === 0) continue
      if (
        matched.some(isPrunable) ||
        (wrong.length === 0 && context.prunedBy(context.resolved.prune[entry.step]).length > 0)
      )
        continue
      const [{ name, kind }] = matched
      yield {
        at: entry.path,
        message: `${entry.matcher.entry} matches ${name}, ${kinds[kind] ?? 'no projection inside the blocks'}, which is not pruned: name linears of the blocks.`,
        fixes:
          context.resolved.prune[entry.step].targets.length > 1
            ? [{ title: `Remove ${entry.matcher.entry}`, edits: remove(context.document, entry.path) }]
            : [],
      }
    }
  },
})
