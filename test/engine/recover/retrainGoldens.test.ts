// Retraining against PERP's own results (goldens <arch>/retrain).
import { openReference } from '../../support/reference/backend.ts'
import { checkRetraining, type RetrainingGolden } from './retrainingGolden.ts'

const cases: readonly (RetrainingGolden & { only?: 'opt' | 'llama' })[] = [
  { file: 'biasln', train: ['bias', 'norm'] },
  { file: 'biasln_noclip', train: ['bias', 'norm'] },
  { file: 'biasln_masklora', train: ['bias', 'norm', 'mask_lora'] },
  { file: 'biasln_scalelora', train: ['bias', 'norm', 'scale_lora'], only: 'opt' },
  { file: 'biasln_loraprune', train: ['bias', 'norm', 'lora_prune'] },
  { file: 'biasln_masklora_lmhead', train: ['bias', 'norm', 'mask_lora', 'head'] },
  { file: 'fullft', train: ['full'] },
  {
    ...{ file: 'distill_biasln_masklora_w50_t2', train: ['bias', 'norm', 'mask_lora'], only: 'opt' },
    loss: { dense: 0.5, temperature: 2 },
  },
  {
    ...{ file: 'distill_biasln_masklora_w100_t1', train: ['bias', 'norm', 'mask_lora'], only: 'llama' },
    loss: { dense: 1, temperature: 1 },
  },
  { file: 'distill_fullft_w100_t2', train: ['full'], only: 'llama', loss: { dense: 1, temperature: 2 } },
]

describe('retraining goldens', () => {
  for (const arch of ['opt', 'llama'] as const)
    for (const golden of cases)
      if ((golden.only ?? arch) === arch)
        it(`${arch} ${golden.file}: losses, gradient norms, rates and merged weights`, () =>
          checkRetraining(openReference(), arch, golden))
})
