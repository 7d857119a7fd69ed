import { estimatesOf } from '../../plan/planRecipe.ts'
import { roughDuration } from '../../formatting/numbers.ts'
import type { RuleFile } from '../rule.ts'

const longSeconds = 3600

export const rule: RuleFile = {
  id: 'G3',
  severity: 'info',
  needs: 'machine',
  title: 'A long run without a GPU',
  why: 'No GPU was found, so the run would compute on the CPU. The time is a rough figure from the operations of the recipe, good to a factor of about two.',
  bad: 'recover: {mode: retrain, data: a.jsonl, seq_len: 256, batch_size: 512, steps: 100000, train: [norm]}\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ facts, resolved, model }) {
    if (!facts.machine || facts.machine.gpu !== false || !model?.modelConfig) return
    const { seconds } = estimatesOf(resolved, facts)
    if (seconds === null || seconds < longSeconds) return
    const message = `There is no GPU here: on the CPU this takes about ${roughDuration(seconds)}.`
    yield { at: ['model'], message }
  },
}
