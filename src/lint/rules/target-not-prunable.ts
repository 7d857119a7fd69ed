import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('target-not-prunable', {
  id: 'T11',
  severity: 'error',
  needs: 'model',
  title: 'A target that cannot be pruned',
  why: 'Only the projections inside the blocks are pruned: embeddings are looked up, norms have no inputs to choose from, and pruned routers or heads ruin a model.',
  bad: 'prune: [{sparsity: 0.3, targets: [Linear, model.decoder.embed_tokens]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: [Linear]}]\nsave: {to: out}',
})
