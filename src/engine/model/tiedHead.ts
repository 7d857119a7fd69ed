// A tied head: config.json says that it is the embedding, and the file has a matrix for it all the same.
import { EngineError } from '../errors.ts'
import { headWeightName, moduleName } from '../../catalog/families/parameters.ts'
import type { Model } from './model.ts'

const pieceBytes = 16 * 2 ** 20
const checked = new WeakSet<Model>()

/**
 * Older versions of transformers tie such a head all the same, newer ones use its matrix: the file is two models.
 * @throws EngineError 'bad-checkpoint' where the file's head is not the embedding, byte for byte.
 */
export async function checkTiedHead(model: Model): Promise<void> {
  const { checkpoint } = model
  if (checked.has(model)) return
  const twice = storedTwice(model)
  if (twice) {
    const { name: head, as: embedding } = twice
    const [tied, own] = [embedding, head].map((name) => checkpoint.tensors.get(name))
    if (!(await sameBytes(model, embedding, head, tied?.dtype === own?.dtype ? (tied?.bytes ?? null) : null)))
      throw new EngineError(
        'bad-checkpoint',
        `${checkpoint.folder}: config.json says that the head is the embedding (tie_word_embeddings), but ${head} is another matrix than ${embedding}. ` +
          `If the head is meant, set tie_word_embeddings to false; if not, remove ${head}`,
      )
  }
  checked.add(model)
}

/** The head's weight that a file holds although it is the embedding, as `torch.save` of a state dict does. */
export function storedTwice({ config, checkpoint: { tensors } }: Model): { name: string; as: string } | null {
  const [name, as] = [`${moduleName(config, 'lmHead')}.weight`, headWeightName(config)]
  return config.tied && tensors.has(name) && tensors.has(as) ? { name, as } : null
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
