import { adapterNames, exactAdapters } from '../../catalog/adapters/adapters.ts'
import { andList } from '../../formatting/lists.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'R1',
  severity: 'error',
  voice: 'explains',
  title: 'Plain LoRA on a pruned model',
  why: 'Merging a plain LoRA adds a dense matrix and fills the zeros (wanda#83: 40 % fell to 32.7 %). `mask_lora`, `scale_lora` and `lora_prune` keep every zero; `mask_lora` also merges to exactly what was trained.',
  bad: 'recover: {train: [lora]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [mask_lora]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ fix, recoveries, get }) {
    for (const { path } of recoveries) {
      const train = get([...path, 'train'])
      if (!Array.isArray(train)) continue
      const index = train.indexOf('lora')
      if (index < 0) continue
      const others = train.filter((t) => t !== 'lora').map(String)
      yield {
        at: [...path, 'train', index],
        message: `Merging a plain LoRA would fill the zeros again: use ${andList(adapterNames.toReversed(), 'or')}.`,
        fixes: exactAdapters.map((a) => fix.setTrain(path, [...others.filter((o) => o !== a), a])),
      }
    }
  },
}
