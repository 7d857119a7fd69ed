import { estimatesOf } from '../../plan/estimates.ts'
import { likelyDuration, likelySeconds } from '../../plan/pace.ts'
import { defineRule } from '../rule.ts'

const longSeconds = 3600

export const rule = defineRule({
  id: 'G3',
  severity: 'info',
  needs: 'machine',
  title: 'A long run without a GPU',
  why: 'No GPU was found, so the run would compute on the CPU. The time is an estimate from the work of the recipe, from what was measured of this processor, and from the runs that have finished beside the recipe.',
  bad: 'recover: {mode: retrain, data: a.jsonl, seq_len: 256, batch_size: 512, steps: 100000, train: [norm]}\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ facts, resolved, model }) {
    if (!facts.machine || facts.machine.gpu !== false || !model?.modelConfig) return
    const { seconds, pace } = estimatesOf(resolved, facts)
    if (seconds === null || likelySeconds(seconds, pace) < longSeconds) return
    const message = `There is no GPU here: on the CPU this takes about ${likelyDuration(seconds, pace)}.`
    yield { at: ['model'], message }
  },
})
