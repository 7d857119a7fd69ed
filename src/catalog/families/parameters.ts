// Every parameter of a model in model order: name in the checkpoint, shape and kind. Loading, shape checks, pruning
// targets, trainable subsets and plans all start from this list.
import type { Slot } from './familySpec.ts'
import type { ModelConfig } from './modelConfig.ts'
import { residualNorms } from './residual.ts'

/**
 * linear: weight of a block linear (what can be pruned) · bias: of any linear · norm, normBias · embedding: token or
 * position table · projection: OPT-350m's around the blocks · router · head.
 */
export type ParameterKind = 'linear' | 'bias' | 'norm' | 'normBias' | 'embedding' | 'projection' | 'router' | 'head'

export interface Parameter {
  /** Name in the checkpoint. */
  readonly name: string
  readonly kind: ParameterKind
  readonly slot: Slot
  /** null outside the blocks. */
  readonly block: number | null
  readonly expert: number | null
  /** [O, I] for linears, whatever the file stores. */
  readonly shape: readonly number[]
  /** The file has it as [I, O]. */
  readonly transposed: boolean
}

/** A block linear: one weight matrix with an optional bias. */
export interface BlockLinear {
  /** Module name: the weight's without `.weight`. */
  readonly name: string
  readonly slot: Slot
  readonly block: number
  readonly expert: number | null
  readonly shape: readonly [outputs: number, inputs: number]
  /** The file stores the weight as [inputs, outputs]. */
  readonly transposed: boolean
  readonly hasBias: boolean
  /** Linears with the same key read the same input. */
  readonly inputKey: string
  /** Class name that recipes may give as a target. Every block linear is a `Linear`, in whatever form it is stored. */
  readonly kind: 'Linear'
}

/** Module name of a slot, without `.weight`. */
export function moduleName(config: ModelConfig, slot: Slot, block?: number, expert?: number): string {
  const template = config.family.tensors[slot]
  if (template === undefined) throw new Error(`internal: ${config.family.modelType} has no ${slot}`)
  const name = template.replace('{block}', String(block)).replace('{expert}', String(expert))
  return (slot === 'lmHead' ? config.headPrefix : config.prefix) + name
}

/** Module name of a weight: without `.weight`. */
export function moduleOfWeight(parameter: string): string {
  return parameter.replace(/\.weight$/, '')
}

/** Name of the tensor that the head multiplies with. */
export function headWeightName(config: ModelConfig): string {
  return `${moduleName(config, config.tied ? 'embed.token' : 'lmHead')}.weight`
}

/** All block linears in model order. */
export function blockLinears(config: ModelConfig): BlockLinear[] {
  return Array.from({ length: config.numBlocks }, (_, block) => linearsOfBlock(config, block)).flat()
}

/** All parameters in model order: embeddings, blocks, final norm, head. A tied head is not listed again. */
export function modelParameters(config: ModelConfig): Parameter[] {
  const blocks = Array.from({ length: config.numBlocks }, (_, block) => blockParameters(config, block)).flat()
  const ends = endParameters(config)
  const first = ends.filter((p) => p.slot.startsWith('embed.') && p.slot !== 'embed.out')
  return [...first, ...blocks, ...ends.filter((p) => !first.includes(p))]
}

/** Parameters outside the blocks. */
export function endParameters(config: ModelConfig): Parameter[] {
  const { vocabSize, embedSize, hiddenSize, maxPositions, position } = config
  const outside = (slot: Slot, kind: ParameterKind, shape: readonly number[], part = 'weight'): Parameter => ({
    name: `${moduleName(config, slot)}.${part}`,
    kind,
    slot,
    block: null,
    expert: null,
    shape,
    transposed: false,
  })
  const list = [outside('embed.token', 'embedding', [vocabSize, embedSize])]
  if (position.kind === 'learned') {
    list.push(outside('embed.position', 'embedding', [maxPositions + position.offset, hiddenSize]))
  }
  if (embedSize !== hiddenSize) {
    list.push(outside('embed.in', 'projection', [hiddenSize, embedSize]))
    list.push(outside('embed.out', 'projection', [embedSize, hiddenSize]))
  }
  if (config.finalNorm) list.push(...normParameters(config, 'finalNorm', null, hiddenSize))
  if (!config.tied) list.push(outside('lmHead', 'head', [vocabSize, embedSize]))
  if (config.bias.head) list.push(outside('lmHead', 'bias', [vocabSize], 'bias'))
  return list
}

/** Parameters of one block in model order: norms and linears in the order in which data passes them. */
export function blockParameters(config: ModelConfig, block: number): Parameter[] {
  const linears = linearsOfBlock(config, block)
  const of = (slots: readonly Slot[]) => linears.filter((l) => slots.includes(l.slot)).flatMap(linearParameters)
  const headNorms =
    config.qkNorm === 'none'
      ? []
      : (['attn.qNorm', 'attn.kNorm'] as const).flatMap((slot) => headNormParameters(config, slot, block))
  const { attn, mlp } = residualNorms[config.residual]
  const norm = (slot: Slot | null) => (slot ? normParameters(config, slot, block, config.hiddenSize) : [])
  return [
    ...norm(attn.input ?? attn.sum),
    ...of(['attn.q', 'attn.k', 'attn.v', 'attn.qkv']),
    ...headNorms,
    ...of(['attn.out']),
    ...norm(attn.output),
    ...norm(mlp.input ?? mlp.sum),
    ...routerParameters(config, block),
    ...of([
      'mlp.gate',
      'mlp.up',
      'mlp.gateUp',
      'mlp.down',
      'moe.gate',
      'moe.up',
      'moe.down',
      'moe.sharedGate',
      'moe.sharedUp',
      'moe.sharedDown',
    ]),
    ...norm(mlp.output),
  ]
}

export function linearsOfBlock(config: ModelConfig, block: number): BlockLinear[] {
  const { hiddenSize, intermediateSize, numHeads, numKvHeads, headDim, bias, experts } = config
  const [queries, keys] = [numHeads * headDim, numKvHeads * headDim]
  const transposed = config.family.linearLayout === 'inOut'
  const base = `${config.prefix}${block}`
  const linear = (
    slot: Slot,
    shape: readonly [number, number],
    hasBias: boolean,
    inputKey: string,
    expert: number | null = null,
  ): BlockLinear => {
    const name = moduleName(config, slot, block, expert ?? undefined)
    return { name, slot, block, expert, shape, transposed, hasBias, inputKey: `${base}.${inputKey}`, kind: 'Linear' }
  }
  const list: BlockLinear[] = []
  if (config.projection === 'separate') {
    list.push(linear('attn.q', [queries, hiddenSize], bias.qkv, 'attn'))
    list.push(linear('attn.k', [keys, hiddenSize], bias.qkv, 'attn'))
    list.push(linear('attn.v', [keys, hiddenSize], bias.qkv, 'attn'))
  } else list.push(linear('attn.qkv', [queries + 2 * keys, hiddenSize], bias.qkv, 'attn'))
  list.push(linear('attn.out', [hiddenSize, queries], bias.out, 'attn.out'))
  // Where attention and MLP share a norm, the MLP reads the same input as q, k and v.
  const input = config.residual === 'parallelSharedNorm' ? 'attn' : 'mlp'
  switch (config.mlp) {
    case 'gated':
      list.push(linear('mlp.gate', [intermediateSize, hiddenSize], bias.mlp, input))
      list.push(linear('mlp.up', [intermediateSize, hiddenSize], bias.mlp, input))
      list.push(linear('mlp.down', [hiddenSize, intermediateSize], bias.mlp, 'mlp.down'))
      break
    case 'gatedFused':
      list.push(linear('mlp.gateUp', [2 * intermediateSize, hiddenSize], bias.mlp, input))
      list.push(linear('mlp.down', [hiddenSize, intermediateSize], bias.mlp, 'mlp.down'))
      break
    case 'dense':
      list.push(linear('mlp.up', [intermediateSize, hiddenSize], bias.mlp, input))
      list.push(linear('mlp.down', [hiddenSize, intermediateSize], bias.mlp, 'mlp.down'))
      break
    case 'moe':
      for (let e = 0; e < (experts?.numExperts ?? 0); e++) {
        list.push(linear('moe.gate', [intermediateSize, hiddenSize], bias.mlp, `expert.${e}`, e))
        list.push(linear('moe.up', [intermediateSize, hiddenSize], bias.mlp, `expert.${e}`, e))
        list.push(linear('moe.down', [hiddenSize, intermediateSize], bias.mlp, `expert.${e}.down`, e))
      }
      if (experts && experts.sharedSize > 0) {
        list.push(linear('moe.sharedGate', [experts.sharedSize, hiddenSize], bias.mlp, 'shared'))
        list.push(linear('moe.sharedUp', [experts.sharedSize, hiddenSize], bias.mlp, 'shared'))
        list.push(linear('moe.sharedDown', [hiddenSize, experts.sharedSize], bias.mlp, 'shared.down'))
      }
  }
  return list
}

function linearParameters(linear: BlockLinear): Parameter[] {
  const { name, slot, block, expert, shape, transposed } = linear
  const weight: Parameter = { name: `${name}.weight`, kind: 'linear', slot, block, expert, shape, transposed }
  if (!linear.hasBias) return [weight]
  return [weight, { ...weight, name: `${name}.bias`, kind: 'bias', shape: [shape[0]], transposed: false }]
}

function routerParameters(config: ModelConfig, block: number): Parameter[] {
  if (!config.experts) return []
  const { numExperts, sharedSize } = config.experts
  const router = (slot: 'moe.router' | 'moe.sharedRouter', outputs: number): Parameter => {
    const name = `${moduleName(config, slot, block)}.weight`
    return { name, kind: 'router', slot, block, expert: null, shape: [outputs, config.hiddenSize], transposed: false }
  }
  return [router('moe.router', numExperts), ...(sharedSize > 0 ? [router('moe.sharedRouter', 1)] : [])]
}

function normParameters(config: ModelConfig, slot: Slot, block: number | null, size: number): Parameter[] {
  if (!config.norm.affine) return []
  return weightAndBias(config, slot, block, size, config.norm.kind === 'layerNorm')
}

function headNormParameters(config: ModelConfig, slot: 'attn.qNorm' | 'attn.kNorm', block: number): Parameter[] {
  const { qkNorm, headDim, numHeads, numKvHeads } = config
  const heads = qkNorm !== 'rmsNormWide' ? 1 : slot === 'attn.qNorm' ? numHeads : numKvHeads
  return weightAndBias(config, slot, block, heads * headDim, qkNorm === 'layerNorm')
}

function weightAndBias(
  config: ModelConfig,
  slot: Slot,
  block: number | null,
  size: number,
  hasBias: boolean,
): Parameter[] {
  const name = moduleName(config, slot, block ?? undefined)
  const weight: Parameter = {
    name: `${name}.weight`,
    kind: 'norm',
    slot,
    block,
    expert: null,
    shape: [size],
    transposed: false,
  }
  return hasBias ? [weight, { ...weight, name: `${name}.bias`, kind: 'normBias' }] : [weight]
}

/** The share of all tokens that reaches a linear, if the router chooses every expert equally often; 1 outside the experts. */
export function tokenShare(config: ModelConfig | null, expert: number | null): number {
  return expert === null || !config?.experts ? 1 : config.experts.topK / config.experts.numExperts
}
