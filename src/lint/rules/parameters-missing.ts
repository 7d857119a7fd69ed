import { plannedReports } from '../plannedRule.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'R2',
  severity: 'warning',
  needs: 'model',
  title: 'The model has no biases, or no norm weights',
  why: 'LLaMA and Mistral have no biases, so `bias` trains nothing there; the norms of OLMo 1 have no weights. Train the parameters that the model has, or `mask_lora`.',
  bad: 'recover: {train: [bias, norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [norm, mask_lora]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  // A missing parameter that the default of `train` names is no mistake in the text.
  check: (context) =>
    plannedReports(context, 'parameters-missing').filter(({ at }) => Array.isArray(at) && at.at(-2) === 'train'),
}
