import { checkpointRule } from '../plannedRule.ts'

export const rule = checkpointRule('model-missing', {
  id: 'C1',
  title: 'The model folder or its config.json is missing',
  why: 'A model is a folder with `config.json` and `model.safetensors` (or `pytorch_model.bin`) or its index, its path relative to the recipe; or `hf:org/name` for one that is in the Hub’s cache, where `sparsescope pull org/name` puts it.',
})
