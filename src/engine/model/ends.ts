// The parts of a model outside its blocks: word and position tables, projections, final norm, head.
import type { Backend } from '../compute/backend.ts'
import { slice, type Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import { endParameters, headWeightName, moduleName } from '../../catalog/families/parameters.ts'
import { normOf, type LoadOptions } from './block.ts'
import { loadParts } from './loadParameters.ts'
import type { Model } from './model.ts'
import type { Linear, RowRange } from './module.ts'
import type { Norm } from './norm.ts'
import { partsOf, tableRows, type Table } from './table.ts'
import { checkTiedHead } from './tiedHead.ts'
import { deviceBytes, type LoadAs } from './weightIo.ts'

export interface Ends {
  readonly config: ModelConfig
  /** Parameters by checkpoint name but for tables of several tensors; a tied head is there under the embedding's name only. */
  readonly params: ReadonlyMap<string, Tensor>
  readonly tokens: Table
  /** null for rotary positions. */
  readonly positions: Table | null
  /** OPT-350m: [C, E] into the blocks and [E, C] out of them. */
  readonly projectIn: Linear | null
  readonly projectOut: Linear | null
  readonly finalNorm: Norm | null
  readonly head: Head
  readonly owned: readonly Tensor[]
}

/** The linear [V, E] that gives the logits. */
export interface Head {
  /** Module name; the head's even when its table is the embedding. */
  readonly name: string
  readonly table: Table
  readonly bias: Tensor | null
}

/** Its output features of a chunk as a linear of their own. */
export function headPart({ name, table, bias }: Head, range: RowRange): Linear {
  const { start, end } = range
  return { name, weight: tableRows(table, range), bias: bias && slice(bias, start, [end - start]), inputKey: 'lmHead' }
}

/** Loads everything outside the blocks. Tables may stay 16-bit; norms and biases are f32. */
export async function loadEnds(backend: Backend, model: Model, options: LoadOptions = { as: 'stored' }): Promise<Ends> {
  await checkTiedHead(model)
  const wanted = endParameters(model.config).filter((p) => !options.overrides?.has(p.name))
  const parts = wanted.flatMap((parameter) => {
    const ranges = partsOf(backend.traits, parameter.shape[0], deviceBytes(model, parameter, options.as))
    return ranges.map((range) => ({ parameter, range }))
  })
  const tensors = await loadParts(backend, model, parts, options.as)
  const partsNamed = (name: string) => tensors.filter((_, i) => parts[i].parameter.name === name)
  return { ...assemble(model, partsNamed, options), owned: tensors }
}

export function releaseEnds(backend: Backend, ends: Ends): void {
  for (const tensor of ends.owned) backend.release(tensor)
}

export function endsBytes(model: Model, as: LoadAs): number {
  return endParameters(model.config).reduce((sum, p) => sum + deviceBytes(model, p, as), 0)
}

function assemble(
  { config }: Model,
  read: (name: string) => readonly Tensor[],
  { overrides }: LoadOptions,
): Omit<Ends, 'owned'> {
  const named = (name: string): Table => {
    const given = overrides?.get(name)
    return { name, parts: given ? [given] : read(name) }
  }
  const table = (slot: 'embed.token' | 'embed.position') => named(`${moduleName(config, slot)}.weight`)
  const params = new Map<string, Tensor>()
  for (const { name } of endParameters(config)) {
    const { parts } = named(name)
    if (parts.length === 1) params.set(name, parts[0])
  }
  const find = (name: string): Tensor => {
    const tensor = params.get(name)
    if (!tensor) throw new EngineError('internal', `${name} was not read whole`)
    return tensor
  }
  const linear = (slot: 'embed.in' | 'embed.out'): Linear => {
    const name = moduleName(config, slot)
    return { name, weight: find(`${name}.weight`), bias: null, inputKey: slot }
  }
  const projected = config.embedSize !== config.hiddenSize
  const headName = moduleName(config, 'lmHead')
  const bias = config.bias.head ? find(`${headName}.bias`) : null
  return {
    config,
    params,
    tokens: table('embed.token'),
    positions: config.position.kind === 'learned' ? table('embed.position') : null,
    projectIn: projected ? linear('embed.in') : null,
    projectOut: projected ? linear('embed.out') : null,
    finalNorm: config.finalNorm ? normOf(config.norm, moduleName(config, 'finalNorm'), params) : null,
    head: { name: headName, table: named(headWeightName(config)), bias },
  }
}
