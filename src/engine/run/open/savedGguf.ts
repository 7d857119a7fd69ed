// Whether the tokenizer of a model can go into the GGUF file that its recipe asks for: asked before anything is computed. What llama.cpp
// has to be like for the model itself the plan knows.
import type { ResolvedRecipe } from '../../../recipe/resolve.ts'
import { ggufTokenizer } from '../../convert/ggufTokenizer.ts'
import { EngineError } from '../../errors.ts'
import type { Model } from '../../model/model.ts'

/** @throws EngineError 'bad-recipe' for a tokenizer that llama.cpp does not know, or none. */
export async function checkGguf({ save }: Pick<ResolvedRecipe, 'save'>, { checkpoint, config }: Model): Promise<void> {
  if (save?.format !== 'gguf') return
  try {
    await ggufTokenizer(checkpoint.folder, config.vocabSize, checkpoint.config)
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    throw new EngineError('bad-recipe', `save.format: gguf: ${error.message}`, { cause: error })
  }
}
