// A recipe of the tiny OPT in which every kind of batch comes: evaluation, calibration, reconstruction, retraining.
import type { Scratch } from './scratch.ts'
import { goldenPath } from './shared.ts'

/** Writes it, with the result to be saved as `name`, and returns its path. */
export function everyBatch(place: Scratch, name: string): string {
  const calib = goldenPath('opt', 'prune', 'calib.safetensors')
  const train = { batch_size: 8, steps: 3, train: ['bias', 'norm', 'mask_lora'], lora: { rank: 4, alpha: 8 } }
  return place.recipe(name, {
    version: 1,
    model: goldenPath('opt'),
    prune: [{ method: 'sparsegpt', sparsity: 0.5 }],
    calibration: { data: calib },
    recover: [
      { mode: 'reconstruct', lr: 2e-3, ...train },
      { mode: 'retrain', lr: 5e-4, data: calib, ...train },
    ],
    evaluate: [{ data: calib, seq_len: 16, at: ['dense', 'recovered'] }],
    save: { to: name },
  })
}
