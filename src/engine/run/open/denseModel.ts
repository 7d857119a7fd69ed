// The dense model that a retraining's loss compares with, where the run does not prune it itself.
import { join } from 'node:path'
import { openCheckpoint, type Checkpoint } from '../../checkpoint/checkpoint.ts'
import { readSmallFile } from '../../checkpoint/smallFile.ts'
import { EngineError } from '../../errors.ts'
import { openModel, type Model } from '../../model/model.ts'
import { fieldsOf } from '../../../catalog/formats/json.ts'

const maxTokenizerBytes = 64 * 2 ** 20

/** @throws EngineError when the model cannot be opened, or its logits are of other tokens. */
export async function checkDense(path: string, own: Model, place: string): Promise<void> {
  const dense = await openCheckpoint(path).catch((error: unknown) => {
    if (!(error instanceof EngineError)) throw error
    throw new EngineError(
      error.code,
      `${place}.loss compares with the dense model, which cannot be opened: ${error.message}; name it under ${place}.dense`,
    )
  })
  try {
    const { vocabSize } = openModel(dense).config
    if (vocabSize !== own.config.vocabSize)
      throw otherTokens(
        place,
        path,
        `its vocabulary has ${vocabSize} entries, that of the model ${own.config.vocabSize}`,
      )
    const [theirs, ours] = [await tokensOf(dense), await tokensOf(own.checkpoint)]
    if (theirs !== null && ours !== null && theirs !== ours)
      throw otherTokens(place, path, 'its tokenizer gives other tokens')
  } finally {
    await dense.close()
  }
}

function otherTokens(place: string, path: string, why: string): EngineError {
  return new EngineError(
    'bad-recipe',
    `${place}.dense: ${path} is not this model before it was pruned: ${why}; name the checkpoint that it was made from`,
  )
}

/** What the tokenizer's ids mean; null where there is none, or none that can be read. */
async function tokensOf({ folder }: Checkpoint): Promise<string | null> {
  try {
    const { model, added_tokens: added } = fieldsOf(
      JSON.parse(await readSmallFile(join(folder, 'tokenizer.json'), maxTokenizerBytes)),
    )
    return JSON.stringify([fieldsOf(model).vocab, fieldsOf(model).merges, added])
  } catch {
    return null
  }
}
