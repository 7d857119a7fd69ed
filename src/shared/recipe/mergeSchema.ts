// Schema of what a merge takes: an adapter that was trained elsewhere.
import { about, path } from './aboutKey.ts'

export const mergeShape = {
  adapter: path
    .meta(
      about(
        '`merge` only: a folder of PEFT with `adapter_config.json` and `adapter_model.safetensors`, relative to the recipe, or `hf:org/name` in the Hub’s cache. W += s·(B·A)⊙M for each of its modules; norms and biases that it trained replace the model’s.',
      ),
    )
    .optional(),
}
