import { plannedReports } from '../plannedRule.ts'
import type { RuleFile } from '../rule.ts'
import { superfluousKeys } from '../sourceText.ts'

export const rule: RuleFile = {
  id: 'S5',
  severity: 'error',
  voice: 'explains',
  title: 'Two settings that exclude each other',
  why: 'A linear can carry one adapter. `full` trains every weight already, so nothing can be added to it. Training is counted in steps, not in epochs. `reorder` moves channels, and `refit` and `merge` need the order of the dense model.',
  bad: 'recover: {train: [mask_lora, scale_lora]}\ncalibration: {data: a.jsonl, seq_len: 64}',
  good: 'recover: {train: [mask_lora, bias]}\ncalibration: {data: a.jsonl, seq_len: 64}',
  *check(context) {
    yield* plannedReports(context, 'exclusive-settings')
    const say = (key: string) => `Training is counted in steps, not in epochs: set steps and remove ${key}.`
    yield* superfluousKeys(context, /^(?:num_)?(?:train_)?epochs$/, say)
  },
}
