// Which numbers the optimiser would change (docs/methods.md, "What is trained"): what trains each parameter, and from that everything
// else: the set that a run trains, its counts, the rows of the trainable map.
import { lowRankParameters } from '../catalog/adapters/adapter.ts'
import {
  adapterAmong,
  type AdapterName,
  adapterOf,
  defaultAdapter,
  isAdapterName,
} from '../catalog/adapters/adapters.ts'
import type { Subset } from '../catalog/adapters/subsets.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import {
  blockParameters,
  modelParameters,
  moduleName,
  moduleOfWeight,
  type Parameter,
} from '../catalog/families/parameters.ts'
import type { ResolvedRecover } from '../recipe/resolve.ts'
import type { RecoverMode } from '../recipe/modes.ts'
import type { TrainBudget } from './planSummary.ts'

export interface TrainableRow {
  /** Name in the checkpoint. `block` is null outside the blocks. */
  readonly name: string
  readonly kind: Parameter['kind']
  readonly block: number | null
  readonly parameters: number
  /** The parameter's own numbers, or its adapter's. */
  readonly trainable: number
  /** The subset that trains it; null when it is frozen. */
  readonly by: Subset | null
}

/** A parameter of the checkpoint that is trained itself. */
export interface DirectParameter {
  /** Name in the checkpoint, `…fc1.bias`. */
  readonly name: string
  /** [O, I] for linears, whatever the file stores. */
  readonly shape: readonly number[]
  /** Module name whose pruning mask holds for it: weights of linears under `full`; null for all others. */
  readonly masked: string | null
}

/** A linear that gets an adapter. `low_rank` is the update of the head, which has no mask. */
export interface AdaptedLinear {
  /** Module name. */
  readonly name: string
  readonly shape: readonly [number, number]
  readonly kind: AdapterName | 'low_rank'
}

export interface TrainableSet {
  readonly direct: readonly DirectParameter[]
  readonly adapted: readonly AdaptedLinear[]
}

/** Settings that decide how much is trained. */
export type TrainChoice = Pick<ResolvedRecover, 'mode' | 'train'>

/** All parameters in model order. A tied head that gets an update of its own is a last row with no parameters. */
export function trainableRows(
  config: ModelConfig,
  parameters: readonly Parameter[],
  recover: (TrainChoice & Pick<ResolvedRecover, 'lora'>) | null,
): TrainableRow[] {
  const rows = parameters.map((p): TrainableRow => {
    const { name, kind, block, shape } = p
    const size = sizeOf(shape)
    const by = recover && trainedBy(p, recover)
    const trainable = by === null || !recover ? 0 : isDirect(by) ? size : adapterSize(by, shape, recover.lora.rank)
    return { name, kind, block, parameters: size, trainable, by }
  })
  if (recover && updatesTiedHead(config, recover)) {
    const trainable = adapterSize('head', [config.vocabSize, config.embedSize], recover.lora.rank)
    rows.push({ name: `${headModule(config)}.weight`, kind: 'head', block: null, parameters: 0, trainable, by: 'head' })
  }
  return rows
}

/** The parameters and adapters that a run trains, in model order, the head last. */
export function trainableSet(config: ModelConfig, recover: TrainChoice): TrainableSet {
  const direct: DirectParameter[] = []
  const adapted: AdaptedLinear[] = []
  const head: AdaptedLinear = {
    name: headModule(config),
    shape: [config.vocabSize, config.embedSize],
    kind: 'low_rank',
  }
  let hasHead = updatesTiedHead(config, recover)
  for (const parameter of modelParameters(config)) {
    const { name, kind, shape } = parameter
    const by = trainedBy(parameter, recover)
    if (by === null) continue
    if (isDirect(by)) direct.push({ name, shape, masked: kind === 'linear' ? moduleOfWeight(name) : null })
    else if (by === 'head') hasHead = true
    else if (isAdapterName(by)) adapted.push({ name: moduleOfWeight(name), shape: [shape[0], shape[1]], kind: by })
  }
  return { direct, adapted: hasHead ? [...adapted, head] : adapted }
}

/** Whether a choice trains anything in this model. */
export function trainsSomething(
  { config, parameters }: { config: ModelConfig; parameters: readonly Parameter[] },
  choice: TrainChoice,
): boolean {
  return updatesTiedHead(config, choice) || parameters.some((parameter) => trainedBy(parameter, choice) !== null)
}

/** The part of a set that is in one block. */
export function setOfBlock(config: ModelConfig, set: TrainableSet, block: number): TrainableSet {
  return setWithin(set, blockParameters(config, block))
}

/** The part that is in the attention or the MLP of one block, each with its norm. */
export function setOfSubmodule(
  config: ModelConfig,
  set: TrainableSet,
  block: number,
  name: 'attention' | 'mlp',
): TrainableSet {
  const inAttention = ({ slot }: Parameter) => slot.startsWith('attn.')
  return setWithin(
    set,
    blockParameters(config, block).filter((p) => inAttention(p) === (name === 'attention')),
  )
}

function setWithin(set: TrainableSet, within: readonly Parameter[]): TrainableSet {
  const parameters = new Set(within.map(({ name }) => name))
  return {
    direct: set.direct.filter(({ name }) => parameters.has(name)),
    adapted: set.adapted.filter(({ name }) => parameters.has(`${name}.weight`)),
  }
}

/** 100 · trainable / all base parameters: adapters are not in the denominator (docs/methods.md, "What is trained"). */
export function trainablePercentage(rows: readonly TrainableRow[]): number {
  const all = rows.reduce((n, r) => n + r.parameters, 0)
  return all > 0 ? (100 * rows.reduce((n, r) => n + r.trainable, 0)) / all : 0
}

/** Names in the checkpoint of the parameters that training such a set changes. */
export function changedNames({ direct, adapted }: TrainableSet): string[] {
  return [...direct.map(({ name }) => name), ...adapted.map(({ name }) => `${name}.weight`)]
}

/** Numbers that an optimiser would change. */
export function countTrainable({ direct, adapted }: TrainableSet, rank: number): number {
  const own = direct.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  return own + adapted.reduce((sum, { kind, shape }) => sum + adapterSize(kind, shape, rank), 0)
}

/** All base parameters, a tied head once and adapters not at all: the denominator of the published percentages. */
export function countParameters(config: ModelConfig): number {
  return modelParameters(config).reduce((sum, { shape }) => sum + sizeOf(shape), 0)
}

/** Module name under which the low-rank update of the head goes, also where the head is the word embedding. */
export function headModule(config: ModelConfig): string {
  return moduleName(config, 'lmHead')
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1)
}

/** Reconstruction trains inside blocks only. Norm biases count as biases and as norms, as in PERP's code. */
function trainedBy({ kind, block }: Parameter, { mode, train }: TrainChoice): Subset | null {
  if (mode === 'reconstruct' && block === null) return null
  if (train.includes('full')) return 'full'
  if (kind === 'linear') return adapterAmong(train)
  if (kind === 'head') return train.includes('head') ? 'head' : null
  if (kind === 'embedding') return train.includes('embedding') ? 'embedding' : null
  if ((kind === 'norm' || kind === 'normBias') && train.includes('norm')) return 'norm'
  if ((kind === 'bias' || kind === 'normBias') && train.includes('bias')) return 'bias'
  return null
}

/** Whether the parameter's own numbers train, rather than an update beside it. */
function isDirect(subset: Subset): boolean {
  return subset !== 'head' && !isAdapterName(subset)
}

/** A tied head has no parameter of its own, and yet gets an update. */
function updatesTiedHead(config: ModelConfig, { mode, train }: TrainChoice): boolean {
  return config.tied && mode === 'retrain' && train.includes('head') && !train.includes('full')
}

/** Number of parameters of an adapter, or of the low-rank update of the head. */
function adapterSize(by: Subset | 'low_rank', [rows, columns]: readonly number[], rank: number): number {
  return isAdapterName(by) ? adapterOf(by).parameters(rows, columns, rank) : lowRankParameters(rows, columns, rank)
}

// Choices of what a recovery might train, from few to many numbers: the marks of the budget ruler, and what it proposes.
const ranks = [1, 2, 4, 8, 16, 32, 64, 128]

/**
 * `pruned`: number of weights that stay zero, which `full` does not count. Ranks at which an adapter would have more numbers than
 * there are kept weights are left out, too.
 */
export function trainBudgets(config: ModelConfig, mode: RecoverMode, pruned: number): TrainBudget[] {
  const all = countParameters(config)
  const budgetOf = (name: string, train: Subset[], rank: number | null): TrainBudget => {
    const count =
      countTrainable(trainableSet(config, { mode, train }), rank ?? 1) - (train.includes('full') ? pruned : 0)
    return { name, train, rank, count, percentage: (100 * count) / all }
  }
  const [norms, biases] = [budgetOf('norms', ['norm'], null), budgetOf('biases + norms', ['bias', 'norm'], null)]
  const vectors = biases.count > norms.count ? biases : norms
  const full = budgetOf('all kept weights', ['full'], null)
  const { title } = adapterOf(defaultAdapter)
  const adapters = ranks.map((rank) => budgetOf(`${title} ${rank}`, [...vectors.train, defaultAdapter], rank))
  const smaller = [...new Set([norms, vectors]), ...adapters].filter(({ count }) => count > 0 && count < full.count)
  return full.count > 0 ? [...smaller, full] : smaller
}
