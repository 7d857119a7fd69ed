// Which numbers the optimiser would change, parameter by parameter (methods.md 5.1 and 9).
import { lowRankParameters } from '../adapters/adapter.ts'
import { adapterAmong, adapterOf, isAdapterName } from '../adapters/adapters.ts'
import { moduleName } from '../families/parameters.ts'
import type { Parameter } from '../families/parameters.ts'
import type { ModelConfig } from '../families/modelConfig.ts'
import type { ResolvedRecover } from '../recipe/resolve.ts'
import type { Subset } from '../adapters/subsets.ts'

export interface TrainableRow {
  /** In the checkpoint; null block: outside the blocks. */
  readonly name: string
  readonly kind: Parameter['kind']
  readonly block: number | null
  readonly parameters: number
  /** The parameter's own numbers, or its adapter's. */
  readonly trainable: number
  /** What trains it; null when it is frozen. */
  readonly by: Subset | null
}

/** What decides how much is trained. */
export type TrainChoice = Pick<ResolvedRecover, 'mode' | 'train' | 'lora'>

/** All parameters in model order. A tied head that gets an update of its own is a last row with no parameters. */
export function trainableRows(
  config: ModelConfig,
  parameters: readonly Parameter[],
  recover: TrainChoice | null,
): TrainableRow[] {
  const rows = parameters.map((p): TrainableRow => {
    const { name, kind, block, shape } = p
    const size = sizeOf(shape)
    const by = recover ? subsetOf(p, recover) : null
    const adapted = by !== null && by !== 'full' && (kind === 'linear' || by === 'head')
    const trainable = by === null || !recover ? 0 : adapted ? adapterSize(by, shape, recover.lora.rank) : size
    return { name, kind, block, parameters: size, trainable, by }
  })
  if (config.tied && recover?.mode === 'retrain' && recover.train.includes('head') && !recover.train.includes('full')) {
    const trainable = adapterSize('head', [config.vocabSize, config.embedSize], recover.lora.rank)
    const name = `${moduleName(config, 'lmHead')}.weight`
    rows.push({ name, kind: 'head', block: null, parameters: 0, trainable, by: 'head' })
  }
  return rows
}

/** 100 · trainable / all base parameters: adapters are not in the denominator (methods.md 9). */
export function trainablePercentage(rows: readonly TrainableRow[]): number {
  const all = rows.reduce((n, r) => n + r.parameters, 0)
  return all > 0 ? (100 * rows.reduce((n, r) => n + r.trainable, 0)) / all : 0
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1)
}

/** Reconstruction trains inside blocks only. Norm biases count as biases and as norms. */
function subsetOf({ kind, block }: Parameter, { mode, train }: TrainChoice): Subset | null {
  if (mode === 'reconstruct' && block === null) return null
  if (train.includes('full')) return 'full'
  const adapter = adapterAmong(train)
  if (kind === 'linear') return adapter ?? null
  if (kind === 'head') return train.includes('head') ? 'head' : null
  if (kind === 'embedding') return train.includes('embedding') ? 'embedding' : null
  if ((kind === 'norm' || kind === 'normBias') && train.includes('norm')) return 'norm'
  if ((kind === 'bias' || kind === 'normBias') && train.includes('bias')) return 'bias'
  return null
}

/** Of an adapter, or of the low-rank update of the head. */
function adapterSize(by: Subset, [rows, columns]: readonly number[], rank: number): number {
  return isAdapterName(by) ? adapterOf(by).parameters(rows, columns, rank) : lowRankParameters(rows, columns, rank)
}
