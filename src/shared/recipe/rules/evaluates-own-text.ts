import { normalPath } from '../../format/paths.ts'
import { defineRule } from '../../rule/rule.ts'
import { taskOf } from '../../tasks/tasks.ts'

export const rule = defineRule({
  id: 'M',
  severity: 'hint',
  title: 'Perplexity of nothing but the training text',
  why: 'Recovery fits the model to the file that it trains on. Where every perplexity is of that same file, the numbers show how well the file is remembered, and a model that got worse at all other text looks recovered. One more entry with a text of another kind shows what recovery costs elsewhere.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nrecover: {mode: reconstruct, train: [norm]}\nevaluate: [{data: a.jsonl, seq_len: 64}]',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nrecover: {mode: reconstruct, train: [norm]}\nevaluate: [{data: a.jsonl, seq_len: 64}, {data: b.jsonl, seq_len: 64}]',
  *check({ uses, resolved }) {
    const reconstructs = resolved.recover.some(({ mode }) => mode === 'reconstruct')
    const trained = uses.filter(({ purpose }) => purpose === 'retrain' || (purpose === 'calibration' && reconstructs))
    const measured = resolved.evaluate.flatMap(({ task, data }) =>
      data === undefined || taskOf(task).questions ? [] : [normalPath(data)],
    )
    const own = new Set(trained.map(({ data }) => normalPath(data)))
    if (measured.length === 0 || !measured.every((data) => own.has(data))) return
    yield {
      at: { key: ['evaluate'] },
      from: [['recover'], ['evaluate']],
      message: `Perplexity is measured on ${measured[0]} only, which recovery trains on: add an entry to evaluate with a text of another kind.`,
    }
  },
})
