import { adapterNames, exactAdapters } from '../../adapters/adapters.ts'
import { andList } from '../../format/lists.ts'
import { defineRule } from '../rule.ts'
import { setTrain } from '../trainEdits.ts'

export const r1 = defineRule({
  id: 'R1',
  severity: 'error',
  explains: true,
  title: 'Plain LoRA on a pruned model',
  why: 'Merging a plain LoRA adds a dense matrix and fills the zeros (wanda#83: 40 % fell to 32.7 %). `mask_lora`, `scale_lora` and `lora_prune` keep every zero; `mask_lora` also merges to exactly what was trained.',
  bad: 'recover: {train: [lora]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [mask_lora]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, get }) {
    const train = get(['recover', 'train'])
    if (!Array.isArray(train)) return
    const index = train.indexOf('lora')
    if (index < 0) return
    const others = train.filter((t) => t !== 'lora').map(String)
    yield {
      at: ['recover', 'train', index],
      message: `Merging a plain LoRA would fill the zeros again: use ${andList(adapterNames.toReversed(), 'or')}.`,
      fixes: exactAdapters.map((a) => setTrain(document, [...others.filter((o) => o !== a), a])),
    }
  },
})
