// Adapters.
import { adapterNames, adapterOf, exactAdapters } from '../../adapters/adapters.ts'
import { andList } from '../../format/lists.ts'
import { remove, replaceValue } from '../edits.ts'
import { defineRule } from '../rule.ts'
import { setTrain } from '../trainEdits.ts'
import { unknownKeys } from '../unknownKeys.ts'

export const r1 = defineRule({
  id: 'R1',
  severity: 'error',
  explains: true,
  title: 'Plain LoRA on a pruned model',
  why: 'Merging a plain LoRA adds a dense matrix and fills the zeros (wanda#83: 40 % fell to 32.7 %). `mask_lora`, `scale_lora` and `lora_prune` keep every zero; `mask_lora` also merges to exactly what was trained.',
  bad: 'recover: {train: [lora]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [mask_lora]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, recoveries, get }) {
    for (const { path } of recoveries) {
      const train = get([...path, 'train'])
      if (!Array.isArray(train)) continue
      const index = train.indexOf('lora')
      if (index < 0) continue
      const others = train.filter((t) => t !== 'lora').map(String)
      yield {
        at: [...path, 'train', index],
        message: `Merging a plain LoRA would fill the zeros again: use ${andList(adapterNames.toReversed(), 'or')}.`,
        fixes: exactAdapters.map((a) => setTrain(document, path, [...others.filter((o) => o !== a), a])),
      }
    }
  },
})

export const r5 = defineRule({
  id: 'R5',
  severity: 'error',
  needs: 'model',
  title: 'A rank as large as the matrix',
  why: 'An adapter of a rank of min(in, out) or more has as many parameters as the matrix itself: train `full` instead, or lower the rank. The paper uses 16.',
  bad: 'recover: {train: [mask_lora], lora: {rank: 4096}}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [mask_lora], lora: {rank: 8}}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, recoveries, model, has }) {
    if (!model) return
    for (const { path, resolved, adapter } of recoveries) {
      if ((adapter && !adapterOf(adapter).ranked) || (!adapter && !resolved.train.includes('head'))) continue
      const { rank } = resolved.lora
      const carriers = model.modules.filter(({ kind }) => kind === (adapter ? 'linear' : 'head'))
      const small = carriers.find((m) => Math.min(m.rows, m.columns) <= rank)
      if (!small) continue
      const least = Math.min(...carriers.map((m) => Math.min(m.rows, m.columns)))
      const better = Math.max(1, 2 ** Math.floor(Math.log2(Math.max(1, least - 1) / 2 || 1)))
      const at = [...path, 'lora', 'rank']
      const text = String(Math.min(16, better))
      yield {
        at: has(at) ? at : { key: path },
        message: `Rank ${rank} is not below the ${Math.min(small.rows, small.columns)} of ${small.name} [${small.rows}, ${small.columns}]: lower it to ${text}.`,
        fixes: has(at) ? [{ title: `Write ${text}`, edits: replaceValue(document, at, text) }] : [],
      }
    }
  },
})

export const r6 = defineRule({
  id: 'R6',
  severity: 'error',
  explains: true,
  title: 'Dropout in an adapter',
  why: 'The adapters that keep sparsity have no dropout: PERP sets it to 0 whatever is asked for, so that what is merged is what was trained.',
  bad: 'recover: {train: [mask_lora], lora: {dropout: 0.1}}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [mask_lora], lora: {rank: 8}}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check(context) {
    for (const { key, path } of unknownKeys(context)) {
      if (!/^(?:lora_)?dropout$/.test(key)) continue
      yield {
        at: { key: path },
        message: 'Adapters have no dropout here, so that what is merged is what was trained: remove it.',
        fixes: [{ title: `Remove ${key}`, edits: remove(context.document, path) }],
      }
    }
  },
})
