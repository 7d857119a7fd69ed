// A small workspace for tests in VS Code: two tiny models (one as torch.save writes it), token ids, recipes of several kinds.
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ids = `{data: ids.safetensors, samples: 8, seq_len: 16}`

const recipes = {
  'magnitude.prune.yaml': `version: 1
model: ./opt
prune: [{method: magnitude, sparsity: 0.5}]
save: {to: ./opt-magnitude}
`,
  'reconstruct.prune.yaml': `version: 1
model: ./opt
prune: [{method: wanda, sparsity: 0.5}]
calibration: ${ids}
recover: {mode: reconstruct, train: [bias, norm, mask_lora], steps: 30, lora: {rank: 4, alpha: 8}}
evaluate: [{task: perplexity, data: ids.safetensors, seq_len: 16, at: [dense, recovered]}]
save: {to: ./opt-reconstructed}
`,
  // Long enough to be cancelled or killed half-way, short enough to end when it is resumed.
  'long.prune.yaml': `version: 1
model: ./opt
prune: [{method: wanda, sparsity: 0.5}]
calibration: ${ids}
recover: {mode: reconstruct, train: [bias, norm, mask_lora], steps: 30000, lora: {rank: 4, alpha: 8}}
save: {to: ./opt-long}
`,
  // Long enough for its view to be closed meanwhile.
  'watched.prune.yaml': `version: 1
model: ./opt
prune: [{method: wanda, sparsity: 0.5}]
calibration: ${ids}
recover: {mode: reconstruct, train: [bias, norm, mask_lora], steps: 12000, lora: {rank: 4, alpha: 8}}
evaluate: [{task: perplexity, data: ids.safetensors, seq_len: 16, at: [dense, pruned, recovered]}]
save: {to: ./opt-watched}
`,
  'wrong.prune.yaml': `version: 1
model: ./opt
prune: [{method: magnitude, sparsity: 0.5, targets: [model.decoder.layers.0.fc3]}]
save: {to: ./opt-wrong}
`,
}

/** Copies from the goldens that are in the repository; returns the folder. */
export function makeWorkspace(root, folder) {
  const goldens = join(root, 'test/fixtures/goldens')
  const model = join(folder, 'opt')
  mkdirSync(model, { recursive: true })
  for (const name of ['config.json', 'model.safetensors']) copyFileSync(join(goldens, 'opt', name), join(model, name))
  copyFileSync(join(goldens, 'opt/prune/calib.safetensors'), join(folder, 'ids.safetensors'))
  cpSync(join(root, 'test/fixtures/torch/opt'), join(folder, 'opt-torch'), { recursive: true })
  for (const [name, text] of Object.entries(recipes)) writeFileSync(join(folder, name), text)
  writeFileSync(join(folder, 'notes.txt'), 'No checkpoint.\n')
  return folder
}
