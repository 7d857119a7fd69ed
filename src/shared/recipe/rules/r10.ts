import { defineRule } from '../rule.ts'

export const r10 = defineRule({
  id: 'R10',
  severity: 'warning',
  needs: 'model',
  title: 'Norms that recovery does not know',
  why: "The file has vectors named like norms that this model's family does not have, so `norm` would not train them. PERP misses the norms of Qwen and Gemma in this way.",
  bad: 'recover: {train: [norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [mask_lora]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ recipe, resolved, model, has }) {
    if (!resolved.recover?.train.includes('norm') || !model?.modelConfig) return
    const unknown = model.modules.filter((m) => m.kind === 'other' && m.columns === 1 && /norm|ln_?\d?$/i.test(m.name))
    if (unknown.length === 0) return
    const index = recipe.recover?.train?.indexOf('norm') ?? -1
    yield {
      at: has(['recover', 'train']) ? ['recover', 'train', index] : { key: ['recover'] },
      message: `${unknown[0].name}${unknown.length > 1 ? ` and ${unknown.length - 1} more look like norms but are` : ' looks like a norm but is'} not part of ${model.modelConfig.family.title}, so norm does not train it.`,
    }
  },
})
