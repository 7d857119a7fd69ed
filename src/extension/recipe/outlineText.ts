// The text of New Recipe where no model is known: short, complete, every line explained.
import { firstSteps } from '../../recipe/defaults.ts'
import { proposeMethod } from '../../recipe/measured.ts'
import { methodNames } from '../../catalog/methods/methods.ts'

const { method } = proposeMethod('unstructured')

export const outlineText = `# A SparseScope recipe: what to prune, how to recover it, how to measure it, where to save it.
# Save it as NAME.prune.yaml beside the model. Paths are relative to this file.
# For other editors: \`sparsescope schema > recipe.schema.json\`, and this as the first line:
# yaml-language-server: $schema=./recipe.schema.json
version: 1
model: ./my-model # a Hugging Face folder
prune:
  - method: ${method} # ${methodNames.join(' | ')}
    sparsity: 0.5 # share of the weights to prune
    # pattern: "2:4" # instead of a sparsity: two of every four
calibration:
  data: ./data.jsonl # txt, jsonl(.gz), parquet, or token ids in safetensors
  samples: 128
  seq_len: 2048
seed: 0 # of everything that is drawn at random
recover:
  mode: reconstruct # block by block; or retrain: the whole model
  train: [bias, norm, mask_lora]
  steps: ${firstSteps}
evaluate:
  - task: perplexity
    data: ./held-out.txt
    seq_len: 2048
    at: [dense, pruned, recovered] # pruned: one more pass that prunes, as blocks are recovered while they are
    every: 8 # blocks: a quarter of 32, for the curve
save:
  to: ./my-model-${method}50 # must not exist yet
`
