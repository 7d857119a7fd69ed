// A head that config.json says is the embedding, in a file that has another one.
import { EngineError } from '../errors.ts'
import { headWeightName, moduleName } from '../../shared/families/parameters.ts'
import type { Model } from './model.ts'

const pieceBytes = 16 * 2 ** 20
const checked = new WeakSet<Model>()

/**
 * Older versions of transformers tie such a head all the same, newer ones use it: two models in one file.
 * @throws EngineError 'bad-checkpoint' where the file's head is not the embedding, byte for byte.
 */
export async function checkTiedHead(model: Model): Promise<void> {
  const { config, checkpoint } = model
  if (!config.tied || checked.has(model)) return
  const [embedding, head] = [headWeightName(config), `${moduleName(config, 'lmHead')}.weight`]
  const [tied, own] = [embedding, head].map((name) => checkpoint.tensors.get(name))
  if (tied && own && !(await sameBytes(model, embedding, head, tied.dtype === own.dtype ? tied.bytes : null)))
    throw new EngineError(
      'bad-checkpoint',
      `${checkpoint.folder}: config.json says that the head is the embedding (tie_word_embeddings), but ${head} is another matrix than ${embedding}. ` +
        `If the head is meant, set tie_word_embeddings to false; if not, remove ${head}`,
    )
  checked.add(model)
}

async function sameBytes({ checkpoint }: Model, one: string, other: string, bytes: number | null): Promise<boolean> {
  if (bytes === null) return false
  for (let start = 0; start < bytes; start += pieceBytes) {
    const end = Math.min(bytes, start + pieceBytes)
    const [a, b] = await Promise.all([one, other].map((name) => checkpoint.readRange(name, start, end)))
    if (Buffer.compare(a, b) !== 0) return false
  }
  return true
}
