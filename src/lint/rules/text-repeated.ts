import type { Subset } from '../../catalog/adapters/subsets.ts'
import type { RuleFile } from '../rule.ts'

/** Subsets with too few numbers to overfit a text. */
const small: readonly Subset[] = ['bias', 'norm']

const mostRounds = 3

export const rule: RuleFile = {
  id: 'L7',
  severity: 'hint',
  title: 'The same text again and again',
  why: 'Adapters, embeddings and whole weights can overfit a small text. SmolLM2-135M, pruned to 2:4, reconstructed and retrained with MaskLoRA on 200 rows, ended at a perplexity of 62 when each row was read once, and of 71 when each was read twice, although its training loss fell. More steps need more text. Biases and norms alone are too few to overfit.',
  bad: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, samples: 100, train: [mask_lora], steps: 1000}\nsave: {to: out}',
  good: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, samples: 1000, train: [mask_lora], steps: 1000}\nsave: {to: out}',
  *check({ recoveries, has }) {
    for (const { path, resolved } of recoveries) {
      const { mode, train, steps, batch_size: batch, grad_accumulation: accumulation, samples } = resolved
      if (mode !== 'retrain' || train.every((subset) => small.includes(subset))) continue
      const rounds = (steps * batch * accumulation) / samples
      if (!(rounds >= mostRounds)) continue
      const keys = ['samples', 'steps', 'train', 'batch_size', 'grad_accumulation'].map((key) => [...path, key])
      yield {
        at: keys.find((key) => has(key)) ?? path,
        from: keys,
        message: `Each of the ${samples} windows is read ${Math.round(rounds)} times, and the model may overfit them: give more samples, or fewer steps.`,
      }
    }
  },
}
