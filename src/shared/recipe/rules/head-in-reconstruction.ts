import { setTrain } from '../../lint/fixes.ts'
import { defineRule } from '../../lint/rule.ts'

export const rule = defineRule({
  id: 'R3',
  severity: 'warning',
  title: 'The head is not trained by reconstruction',
  why: 'Reconstruction fits the outputs of blocks; the head and the embedding are in none, so they are skipped.',
  bad: 'recover: {mode: reconstruct, train: [norm, head]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {mode: reconstruct, train: [norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, recoveries }) {
    for (const { path, written, resolved } of recoveries) {
      if (resolved.mode !== 'reconstruct') continue
      const train = written.train ?? []
      for (const subset of ['head', 'embedding'] as const) {
        const index = train.indexOf(subset)
        if (index < 0) continue
        const rest = train.filter((t) => t !== subset)
        yield {
          at: [...path, 'train', index],
          message: `Reconstruction skips the ${subset}, which is in no block: remove it, or use mode retrain.`,
          fixes: rest.length > 0 ? [setTrain(document, path, rest)] : [],
        }
      }
    }
  },
})
