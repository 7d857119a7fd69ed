// One block's weights on the device: by slot for computing, by checkpoint name for pruning, training and saving.
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import type { Slot } from '../../catalog/families/familySpec.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import { residualNorms, type BranchNorms } from '../../catalog/families/residual.ts'
import { blockParameters, linearsOfBlock, moduleName, type BlockLinear } from '../../catalog/families/parameters.ts'
import type { AttentionWeights } from './attention.ts'
import {
  allocateWeight,
  deviceBytes,
  type HostWeight,
  type LoadAs,
  loadParameters,
  placeWeight,
  readInOrder,
  readWeight,
} from './weights.ts'
import { packBlock } from './packWeights.ts'
import type { MlpWeights } from './mlp.ts'
import type { Model } from './model.ts'
import type { Linear } from './module.ts'
import type { MoeWeights, SharedExpert } from './moe.ts'
import type { Norm } from './norm.ts'

export interface Block {
  readonly index: number
  readonly config: ModelConfig
  /** Linears in model order. */
  readonly linears: readonly Linear[]
  /** Every parameter by checkpoint name, in this engine's orientation. */
  readonly params: ReadonlyMap<string, Tensor>
  readonly attnNorms: BranchNorms<Norm>
  readonly attention: AttentionWeights
  /** null norms where the MLP shares attention's. */
  readonly mlpNorms: BranchNorms<Norm>
  readonly mlp: MlpWeights | MoeWeights
  /** Tensors that are released with the block; overrides belong to their caller. */
  readonly owned: readonly Tensor[]
}

export interface LoadOptions {
  readonly as: LoadAs
  /** Parameters in memory that replace the checkpoint's, by name. They are not released with the block. */
  readonly overrides?: ReadonlyMap<string, Tensor>
  /**
   * Packs the weights of linears and the head (`Backend.packing`). This pays off for many tokens, and only products can read packed
   * weights. A decoder packs by default, unless it trains or is given `as`.
   */
  readonly packs?: boolean
}

/** Reads a block's weights and puts them on the device, a tensor at a time. */
export async function loadBlock(backend: Backend, model: Model, index: number, options: LoadOptions): Promise<Block> {
  const params = await loadParameters(backend, model, toRead(model, index, options), options.as)
  return assemble(model, index, params, options)
}

/** Loads a block's weights to the device in their stored types. Called while another block computes. */
export function loadAhead(backend: Backend, model: Model, index: number): Promise<Map<string, Tensor>> {
  return loadParameters(backend, model, blockParameters(model.config, index), 'stored')
}

/** Makes a block of the tensors that `loadAhead` loaded. The block owns them; on an error they are released. */
export function blockOf(
  backend: Backend,
  model: Model,
  index: number,
  loaded: ReadonlyMap<string, Tensor>,
  as: LoadAs,
): Block {
  const params = new Map(loaded)
  try {
    if (as === 'f32')
      for (const [name, tensor] of loaded) {
        if (tensor.dtype === 'f32') continue
        const wide = backend.allocate('f32', tensor.shape)
        params.set(name, wide)
        backend.kernels.convert(wide, tensor)
        backend.release(tensor)
      }
    return assemble(model, index, params, { as })
  } catch (error) {
    for (const tensor of params.values()) backend.release(tensor)
    throw error
  }
}

/** Reads a block's weights into memory: the first half of `loadBlock`, to be done ahead. */
export async function readBlock(model: Model, index: number, options: LoadOptions): Promise<HostWeight[]> {
  const weights: HostWeight[] = []
  for await (const host of readInOrder(toRead(model, index, options), (p) => readWeight(model, p))) weights.push(host)
  return weights
}

/** Puts what `readBlock` read on the device: the second half of `loadBlock`. */
export function placeBlock(
  backend: Backend,
  model: Model,
  index: number,
  weights: readonly HostWeight[],
  options: LoadOptions,
): Block {
  const params = new Map<string, Tensor>()
  try {
    for (const host of weights) {
      const tensor = allocateWeight(backend, model, host.parameter, options.as)
      params.set(host.parameter.name, tensor)
      placeWeight(backend, tensor, host)
    }
    const block = assemble(model, index, params, options)
    if (options.packs) packBlock(backend, block)
    return block
  } catch (error) {
    // A caller that then plans with less memory needs all of the device's memory back.
    for (const tensor of params.values()) backend.release(tensor)
    throw error
  }
}

export function releaseBlock(backend: Backend, block: Block): void {
  for (const tensor of block.owned) backend.release(tensor)
}

/** Bytes of a block on the device. */
export function blockBytes(model: Model, index: number, as: LoadAs): number {
  return blockParameters(model.config, index).reduce((sum, p) => sum + deviceBytes(model, p, as), 0)
}

function toRead(model: Model, index: number, { overrides }: LoadOptions) {
  return blockParameters(model.config, index).filter((p) => !overrides?.has(p.name))
}

function assemble(model: Model, index: number, read: ReadonlyMap<string, Tensor>, options: LoadOptions): Block {
  const { config } = model
  const params = new Map<string, Tensor>()
  for (const { name } of blockParameters(config, index)) {
    const tensor = options.overrides?.get(name) ?? read.get(name)
    if (!tensor) throw new EngineError('internal', `${name} was not read`)
    params.set(name, tensor)
  }
  const specs = linearsOfBlock(config, index)
  const linears = specs.map((spec) => linearOf(params, spec))
  const bySlot = (...slots: Slot[]) => linears.filter((_, i) => slots.includes(specs[i].slot))
  const norms = residualNorms[config.residual]
  return {
    index,
    config,
    linears,
    params,
    attnNorms: branchNorms(config, index, params, norms.attn),
    attention: {
      block: index,
      projections: bySlot('attn.q', 'attn.k', 'attn.v', 'attn.qkv'),
      out: bySlot('attn.out')[0],
      qNorm: config.qkNorm === 'none' ? null : headNorm(config, index, params, 'attn.qNorm'),
      kNorm: config.qkNorm === 'none' ? null : headNorm(config, index, params, 'attn.kNorm'),
      scale: config.attentionScales[index],
      window: config.windows[index],
      rope: config.position.kind === 'rope' ? config.position.byBlock[index] : null,
    },
    mlpNorms: branchNorms(config, index, params, norms.mlp),
    mlp: mlpOf(config, index, params, linears, specs),
    owned: [...read.values()],
  }
}

function linearOf(params: ReadonlyMap<string, Tensor>, spec: BlockLinear): Linear {
  const weight = params.get(`${spec.name}.weight`)
  if (!weight) throw new EngineError('internal', `${spec.name} has no weight`)
  return { name: spec.name, weight, bias: params.get(`${spec.name}.bias`) ?? null, inputKey: spec.inputKey }
}

function mlpOf(
  config: ModelConfig,
  index: number,
  params: ReadonlyMap<string, Tensor>,
  linears: readonly Linear[],
  specs: readonly BlockLinear[],
): MlpWeights | MoeWeights {
  const { mlp: kind, activation, experts } = config
  const pick = (slots: readonly Slot[], expert: number | null) =>
    linears.filter((_, i) => slots.includes(specs[i].slot) && specs[i].expert === expert)
  const gated = (inputs: readonly Slot[], down: Slot, expert: number | null = null): MlpWeights => {
    return { kind: 'gated', inputs: pick(inputs, expert), down: pick([down], expert)[0], activation }
  }
  if (kind !== 'moe' || !experts)
    return { ...gated(['mlp.gate', 'mlp.up', 'mlp.gateUp'], 'mlp.down'), kind: kind === 'moe' ? 'gated' : kind }
  const routerOf = (slot: 'moe.router' | 'moe.sharedRouter') => {
    const name = `${moduleName(config, slot, index)}.weight`
    const weight = params.get(name)
    if (!weight) throw new EngineError('internal', `${name} was not read`)
    return { name, weight }
  }
  const shared = (): SharedExpert => ({
    router: routerOf('moe.sharedRouter'),
    mlp: gated(['moe.sharedGate', 'moe.sharedUp'], 'moe.sharedDown'),
  })
  return {
    kind,
    config: experts,
    router: routerOf('moe.router'),
    shared: experts.sharedSize > 0 ? shared() : null,
    experts: Array.from({ length: experts.numExperts }, (_, e) => gated(['moe.gate', 'moe.up'], 'moe.down', e)),
  }
}

function branchNorms(
  config: ModelConfig,
  index: number,
  params: ReadonlyMap<string, Tensor>,
  { input, output, sum }: BranchNorms<Slot>,
): BranchNorms<Norm> {
  const norm = (slot: Slot | null) => slot && normOf(config.norm, moduleName(config, slot, index), params)
  return { input: norm(input), output: norm(output), sum: norm(sum) }
}

function headNorm(config: ModelConfig, index: number, params: ReadonlyMap<string, Tensor>, slot: Slot): Norm {
  const kind = config.qkNorm === 'layerNorm' ? 'layerNorm' : 'rmsNorm'
  return normOf({ ...config.norm, kind }, moduleName(config, slot, index), params)
}

/** A norm by module name; without parameters of that name it is not affine. */
export function normOf(
  { kind, eps, unitOffset }: Pick<Norm, 'kind' | 'eps' | 'unitOffset'>,
  name: string,
  params: ReadonlyMap<string, Tensor>,
): Norm {
  const [weight, bias] = [params.get(`${name}.weight`) ?? null, params.get(`${name}.bias`) ?? null]
  return { kind, name, eps, unitOffset, weight, bias }
}
