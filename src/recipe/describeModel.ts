// Turns a checkpoint's header and config.json into the facts that rules and plans use. Pure: reading is the caller's work.
import { isBitmaskConfig } from '../catalog/formats/bitmask.ts'
import { FamilyError } from '../catalog/families/familyError.ts'
import { readModelConfig } from '../catalog/families/modelConfig.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import { modelParameters, moduleOfWeight } from '../catalog/families/parameters.ts'
import type { Parameter } from '../catalog/families/parameters.ts'
import { tensorMismatch } from '../catalog/families/tensorMismatch.ts'
import type { ModelFacts, ModelModule, ModelProblem, ModuleKind, TensorFacts } from './facts.ts'
import { isRecord } from '../catalog/formats/json.ts'

export interface ModelFiles {
  /** Empty when the weights could not be read. */
  readonly tensors: ReadonlyMap<string, TensorFacts>
  /** config.json as parsed; null when it is missing. */
  readonly config: unknown
  /** Problems that reading has met. */
  readonly problems: readonly ModelProblem[]
  readonly tokenizer: ModelFacts['tokenizer']
  readonly masked: boolean
  readonly sparsities: ModelFacts['sparsities']
  readonly source?: string
}

export function describeModel(files: ModelFiles): ModelFacts {
  const { tensors, tokenizer, masked, sparsities, source } = files
  const problems = [...files.problems]
  const config = isRecord(files.config) ? files.config : null
  if (!config && problems.length === 0) {
    const message = 'There is no config.json in the model folder: copy the one of the model these weights are from.'
    problems.push({ rule: 'model-missing', message })
  }
  const modelConfig = config ? readConfig(config, tensors, problems) : null
  const parameters = modelConfig ? modelParameters(modelConfig) : []
  const mismatch = tensors.size > 0 ? tensorMismatch(parameters, tensors) : null
  if (mismatch) problems.push({ rule: 'config-mismatch', message: mismatch })
  problems.push(...quantised(tensors, config))
  const modules = modulesOf(parameters, tensors)
  return { problems, tensors, config, modelConfig, parameters, modules, tokenizer, masked, sparsities, source }
}

function readConfig(
  config: Record<string, unknown>,
  tensors: ReadonlyMap<string, TensorFacts>,
  problems: ModelProblem[],
): ModelConfig | null {
  try {
    return readModelConfig(config, tensors.size > 0 ? tensors : undefined)
  } catch (error) {
    if (!(error instanceof FamilyError)) throw error
    // The rule about quantised weights reports it.
    if (isQuantised(config)) return null
    problems.push({
      rule: error.kind === 'unsupported' ? 'unknown-family' : 'config-mismatch',
      message: `config.json: ${error.message}.`,
    })
    return null
  }
}

/** Bitmask checkpoints are not quantised: their kept values are whole weights. */
function isQuantised({ quantization_config: value }: Record<string, unknown>): boolean {
  return Boolean(value) && !isBitmaskConfig(value)
}

function quantised(tensors: ReadonlyMap<string, TensorFacts>, config: Record<string, unknown> | null): ModelProblem[] {
  const remedy = 'pruning needs the weights as F32, F16 or BF16: use the checkpoint that it was quantised from.'
  if (config && isQuantised(config))
    return [{ rule: 'quantised-weights', message: `This model is quantised (quantization_config): ${remedy}` }]
  for (const [name, { dtype }] of tensors) {
    if (/^F8_|^F4|^F6/.test(dtype) || (/^[IU]\d/.test(dtype) && /\.(?:q?weight|qzeros)$/.test(name))) {
      return [{ rule: 'quantised-weights', message: `${name} is stored as ${dtype}: ${remedy}` }]
    }
  }
  return []
}

const kinds: Partial<Record<Parameter['kind'], ModuleKind>> = {
  linear: 'linear',
  norm: 'norm',
  embedding: 'embedding',
  projection: 'projection',
  router: 'router',
  head: 'head',
}

/** Everything with a weight: what the family knows in model order, then the rest of the file. */
export function modulesOf(parameters: readonly Parameter[], tensors: ReadonlyMap<string, TensorFacts>): ModelModule[] {
  const known = parameters.flatMap((p): ModelModule[] => {
    const kind = kinds[p.kind]
    if (!kind || !p.name.endsWith('.weight')) return []
    const [rows, columns = 1] = p.shape
    const className = kind === 'linear' ? 'Linear' : null
    const name = moduleOfWeight(p.name)
    return [{ name, className, kind, block: p.block, rows, columns, transposed: p.transposed }]
  })
  const names = new Set(parameters.map((p) => p.name))
  const rest = [...tensors].flatMap(([name, { shape }]): ModelModule[] => {
    if (names.has(name) || !name.endsWith('.weight')) return []
    const [rows = 1, columns = 1] = shape
    return [
      { name: moduleOfWeight(name), className: null, kind: 'other', block: null, rows, columns, transposed: false },
    ]
  })
  return [...known, ...rest]
}
