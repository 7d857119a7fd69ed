// A checkpoint opened as a model: its configuration, with every tensor checked against it before anything is read.
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { requireConfig } from '../checkpoint/modelConfigFile.ts'
import { EngineError } from '../errors.ts'
import { FamilyError } from '../../catalog/families/familyError.ts'
import { readModelConfig, type ModelConfig } from '../../catalog/families/modelConfig.ts'
import { modelParameters, type Parameter } from '../../catalog/families/parameters.ts'
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
