// A checkpoint opened as a model: its configuration, with every tensor checked against it before anything is read.
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { requireConfig } from '../checkpoint/modelConfigFile.ts'
import { EngineError } from '../errors.ts'
import { FamilyError } from '../../catalog/families/familyError.ts'
import { type ModelConfig, readModelConfig } from '../../catalog/families/modelConfig.ts'
import { headWeightName, modelParameters, moduleName, type Parameter } from '../../catalog/families/parameters.ts'
import { someOf } from '../../formatting/lists.ts'
import { tensorMismatch } from '../../catalog/families/tensorMismatch.ts'

export interface Model {
  readonly config: ModelConfig
  readonly checkpoint: Checkpoint
  /** Parameters by checkpoint name, in model order. */
  readonly parameters: ReadonlyMap<string, Parameter>
  /** Tensors of the file that this model does not read, buffers of old versions left out. */
  readonly unused: readonly string[]
}

/**
 * @throws EngineError 'bad-config' or 'unsupported' for the configuration, 'bad-checkpoint' for a missing tensor or a
 * shape that is not what config.json says.
 */
export function openModel(checkpoint: Checkpoint): Model {
  const config = configOf(checkpoint)
  const parameters = new Map(modelParameters(config).map((p) => [p.name, p]))
  check(checkpoint, parameters)
  const ignored = [...config.family.ignored, ...(config.tied ? ['lm_head.weight', 'embed_out.weight'] : [])]
  const unused = [...checkpoint.tensors.keys()].filter(
    (name) =>
      !parameters.has(name) &&
      (!config.isPart || name.startsWith(config.prefix)) &&
      !ignored.some((suffix) => name === suffix || name.endsWith(`.${suffix}`)),
  )
  return { config, checkpoint, parameters, unused }
}

/** The warning about tensors that the model does not read, such as biases that config.json does not switch on. */
export function unusedText({ config, unused }: Pick<Model, 'config' | 'unused'>): string | null {
  if (unused.length === 0) return null
  const names = someOf(unused, 3)
  return `Not used, since config.json does not make them part of this ${config.family.title} model: ${names}`
}

function configOf(checkpoint: Checkpoint): ModelConfig {
  try {
    return readModelConfig(requireConfig(checkpoint), checkpoint.tensors)
  } catch (error) {
    if (!(error instanceof FamilyError)) throw error
    throw new EngineError(error.kind, `${checkpoint.folder}/config.json: ${error.message}`, { cause: error })
  }
}

function check(checkpoint: Checkpoint, parameters: ReadonlyMap<string, Parameter>): void {
  const mismatch = tensorMismatch(parameters.values(), checkpoint.tensors)
  if (mismatch) throw new EngineError('bad-checkpoint', mismatch)
  for (const name of parameters.keys()) {
    const dtype = checkpoint.tensors.get(name)?.dtype ?? ''
    if (!['F32', 'F16', 'BF16', 'F64'].includes(dtype))
      throw new EngineError(
        'unsupported',
        `${name} is stored as ${dtype}; weights must be F32, F16, BF16 or F64 to compute with them`,
      )
  }
}

const pieceBytes = 16 * 2 ** 20
/** Models whose tied heads were compared. */
const checked = new WeakSet<Model>()

/**
 * Checks a head that config.json ties to the embedding although the file contains one too. Older versions of transformers use the
 * embedding, newer ones the file's head: if they differ, the file is ambiguous.
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
