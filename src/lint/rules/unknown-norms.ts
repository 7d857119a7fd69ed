import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'R10',
  severity: 'warning',
  needs: 'model',
  title: 'Norms that recovery does not know',
  why: "The file has vectors named like norms that this model's family does not have, so `norm` would not train them. PERP misses the norms of Qwen and Gemma in this way.",
  bad: 'recover: {train: [norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [mask_lora]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ recoveries, model, has }) {
    if (!model?.modelConfig) return
    const { isPart, prefix } = model.modelConfig
    // A vision tower has its own norms, which are not the text model's.
    const modules = model.modules.filter(({ name }) => !isPart || name.startsWith(prefix))
    const unknown = modules.filter((m) => m.kind === 'other' && m.columns === 1 && /norm|ln_?\d?$/i.test(m.name))
    if (unknown.length === 0) return
    for (const { path, written, resolved } of recoveries) {
      if (!resolved.train.includes('norm')) continue
      const index = written.train?.indexOf('norm') ?? -1
      yield {
        at: has([...path, 'train']) ? [...path, 'train', index] : { key: path },
        message: `${unknown[0].name}${unknown.length > 1 ? ` and ${unknown.length - 1} more look like norms but are` : ' looks like a norm but is'} not part of ${model.modelConfig.family.title}, so norm does not train it.`,
      }
    }
  },
}
