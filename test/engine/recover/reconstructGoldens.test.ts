// Reconstruction against PERP's own results (goldens <arch>/recon).
import { openReference } from '../../support/reference/backend.ts'
import { checkReconstruction, type ReconstructionGolden } from './reconstructionGolden.ts'

const cases: readonly ReconstructionGolden[] = [
  { arch: 'opt', file: 'biasln', train: ['bias', 'norm'] },
  { arch: 'opt', file: 'masklora', train: ['mask_lora'] },
  { arch: 'opt', file: 'scalelora', train: ['scale_lora'] },
  { arch: 'opt', file: 'loraprune', train: ['lora_prune'] },
  { arch: 'opt', file: 'fullft', train: ['full'] },
  { arch: 'opt', file: 'biasln_masklora', train: ['bias', 'norm', 'mask_lora'] },
  { arch: 'llama', file: 'ln', train: ['norm'] },
  { arch: 'llama', file: 'masklora', train: ['mask_lora'] },
  { arch: 'llama', file: 'fullft', train: ['full'] },
  { arch: 'llama', file: 'ln_masklora', train: ['norm', 'mask_lora'] },
]

describe('reconstruction goldens', () => {
  for (const golden of cases)
    it(`${golden.arch} ${golden.file}: losses, errors and merged weights`, () =>
      checkReconstruction(openReference(), golden))
})
