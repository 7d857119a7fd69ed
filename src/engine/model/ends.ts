// The parts of a model outside its blocks: word and position tables, projections, final norm, head.
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import type { ModelConfig } from '../../shared/families/modelConfig.ts'
import { endParameters, headWeightName, moduleName } from '../../shared/families/parameters.ts'
import { normOf, type LoadOptions } from './block.ts'
import { loadParameters } from './loadParameters.ts'
import type { Model } from './model.ts'
import type { Linear } from './module.ts'
import type { Norm } from './norm.ts'
import { checkTiedHead } from './tiedHead.ts'
import { deviceBytes, type LoadAs } from './weightIo.ts'

export interface Ends {
  readonly config: ModelConfig
  /** Parameters by checkpoint name; a tied head is there under the embedding's name only. */
  readonly params: ReadonlyMap<string, Tensor>
  readonly tokens: Table
  /** null for rotary positions. */
  readonly positions: Table | null
  /** OPT-350m: [C, E] into the blocks and [E, C] out of them. */
  readonly projectIn: Linear | null
  readonly projectOut: Linear | null
  readonly finalNorm: Norm | null
  /** The head as a linear [V, E]; its name is the head's even when its weight is the embedding. */
  readonly head: Linear
  /** Checkpoint name of the head's weight, the embedding's when tied. */
  readonly headWeightName: string
  readonly owned: readonly Tensor[]
}

export interface Table {
  readonly name: string
  /** [rows, width], possibly 16-bit. */
  readonly table: Tensor
}

/** Loads everything outside the blocks. Tables may stay 16-bit; norms and biases are f32. */
export async function loadEnds(backend: Backend, model: Model, options: LoadOptions = { as: 'stored' }): Promise<Ends> {
  await checkTiedHead(model)
  const wanted = endParameters(model.config).filter((p) => !options.overrides?.has(p.name))
  const read = await loadParameters(backend, model, wanted, options.as)
  return assemble(model, read, options)
}

export function releaseEnds(backend: Backend, ends: Ends): void {
  for (const tensor of ends.owned) backend.release(tensor)
}

export function endsBytes(model: Model, as: LoadAs): number {
  return endParameters(model.config).reduce((sum, p) => sum + deviceBytes(model, p, as), 0)
}

function assemble({ config }: Model, read: ReadonlyMap<string, Tensor>, { overrides }: LoadOptions): Ends {
  const params = new Map<string, Tensor>()
  const find = (name: string): Tensor => {
    const tensor = overrides?.get(name) ?? read.get(name)
    if (!tensor) throw new EngineError('internal', `${name} was not read`)
    params.set(name, tensor)
    return tensor
  }
  for (const { name } of endParameters(config)) find(name)
  const table = (slot: 'embed.token' | 'embed.position'): Table => {
    const name = `${moduleName(config, slot)}.weight`
    return { name, table: find(name) }
  }
  const linear = (slot: 'embed.in' | 'embed.out'): Linear => {
    const name = moduleName(config, slot)
    return { name, weight: find(`${name}.weight`), bias: null, inputKey: slot }
  }
  const projected = config.embedSize !== config.hiddenSize
  const headName = moduleName(config, 'lmHead')
  const weightName = headWeightName(config)
  const bias = config.bias.head ? find(`${headName}.bias`) : null
  return {
    config,
    params,
    tokens: table('embed.token'),
    positions: config.position.kind === 'learned' ? table('embed.position') : null,
    projectIn: projected ? linear('embed.in') : null,
    projectOut: projected ? linear('embed.out') : null,
    finalNorm: config.finalNorm ? normOf(config.norm, moduleName(config, 'finalNorm'), params) : null,
    head: { name: headName, weight: find(weightName), bias, inputKey: 'lmHead' },
    headWeightName: weightName,
    owned: [...read.values()],
  }
}
