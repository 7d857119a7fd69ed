import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'C8',
  severity: 'warning',
  needs: 'model',
  title: 'config.json announces a sparse format',
  why: '`sparsity_config` and `compression_config` announce containers that were removed from vLLM and transformers in 2026; vLLM even refuses dense weights with them (vllm#51188).',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ model }) {
    const key = ['sparsity_config', 'compression_config'].find((k) => model?.config?.[k] !== undefined)
    if (key === undefined) return
    yield {
      at: ['model'],
      message: `config.json of this model has ${key}, which keeps vLLM from loading it: remove it there.`,
    }
  },
}
