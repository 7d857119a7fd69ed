// The rows of bench/realModel.ts: those that the PyTorch peer can make too, then every method, pattern and recovery of ours, and the controls.

export interface Recovery {
  mode: 'retrain' | 'reconstruct' | 'refit'
  train?: string[]
  lr?: number
  /** Reconstruct only: whose outputs a block is trained towards; default: those of the dense block. */
  targets?: 'model'
  /** Retrain only: how much of the loss is on the dense model's logits. */
  loss?: { dense: number; temperature?: number }
}

export interface Row {
  name: string
  /** What the row is, where its name does not say so. */
  title?: string
  method?: string
  /** Default: 0.5. */
  sparsity?: number
  pattern?: string
  /** Channels are reordered before pruning. */
  reorder?: true
  /** Swaps refine the mask. */
  swaps?: 'auto'
  /** How the sparsity is spread over the blocks; default: the same in all. */
  allocation?: 'owl' | 'depth'
  /** The row whose result is recovered, instead of a method. */
  from?: string
  recover?: Recovery
  /** Trained on ids drawn at random. */
  randomText?: boolean
  /** The PyTorch peer can make the row too. */
  peer?: true
}

const reconstruct: Recovery = { mode: 'reconstruct', train: ['bias', 'norm', 'mask_lora'], lr: 1e-3 }
/** Every kept weight, towards the dense model's own states. */
const reconstructAll: Recovery = { mode: 'reconstruct', train: ['full'], lr: 2e-3, targets: 'model' }
const refit: Recovery = { mode: 'refit' }
const retrain = (train: string[], lr: number): Recovery => ({ mode: 'retrain', train, lr })
const norms = retrain(['norm'], 5e-3)
const trained = retrain(['norm', 'mask_lora'], 2e-3)
const best: Recovery = { ...trained, loss: { dense: 0.5 } }

const withPeer: Row[] = [
  { name: 'magnitude', method: 'magnitude' },
  { name: 'magnitude-norm', method: 'magnitude', recover: norms },
  { name: 'magnitude-lora', method: 'magnitude', recover: retrain(['norm', 'mask_lora'], 3e-3) },
  { name: 'magnitude-full', method: 'magnitude', recover: retrain(['full'], 2e-4) },
  { name: 'magnitude-reconstruct', method: 'magnitude', recover: reconstruct },
  { name: 'wanda', method: 'wanda' },
  { name: 'wanda-reconstruct', method: 'wanda', recover: reconstruct },
  { name: 'sparsegpt', method: 'sparsegpt' },
  { name: 'sparsegpt-reconstruct', method: 'sparsegpt', recover: reconstruct },
  { name: 'wanda-2of4', method: 'wanda', pattern: '2:4' },
  { name: 'wanda-2of4-reconstruct', method: 'wanda', pattern: '2:4', recover: reconstruct },
]

type Setting = Pick<Row, 'method' | 'sparsity' | 'pattern' | 'reorder' | 'swaps' | 'allocation'>

const patterns: Setting[] = [{ sparsity: 0.5 }, { sparsity: 0.6 }, { sparsity: 0.7 }, { pattern: '2:4' }]

/** `alps`, `alps-70-depth`, `wanda-2of4`, `alps-2of4-reorder`, `wanda-swaps`. */
function nameOf({ method, sparsity = 0.5, pattern, reorder, swaps, allocation }: Setting): string {
  const amount = pattern ? [pattern.replace(':', 'of')] : sparsity === 0.5 ? [] : [String(Math.round(100 * sparsity))]
  const options = [...(reorder ? ['reorder'] : []), ...(swaps ? ['swaps'] : []), ...(allocation ? [allocation] : [])]
  return [method, ...amount, ...options].join('-')
}

/** Pruned alone, then by everything that recovers it. */
function recoveriesOf(setting: Setting): Row[] {
  const name = nameOf(setting)
  const half = { ...trained, loss: { dense: 0.5, temperature: 2 } }
  return [
    { name, ...setting },
    { name: `${name}-refit`, ...setting, recover: refit },
    { name: `${name}-norm`, from: name, recover: norms },
    { name: `${name}-retrain`, from: name, recover: trained },
    { name: `${name}-retrain-half`, from: name, recover: half },
    { name: `${name}-retrain-mostly-dense`, from: name, recover: { ...trained, loss: { dense: 0.8, temperature: 2 } } },
    { name: `${name}-reconstruct`, ...setting, recover: reconstruct },
    { name: `${name}-reconstruct-all`, ...setting, recover: reconstructAll },
    { name: `${name}-reconstruct-retrain`, from: `${name}-reconstruct`, recover: trained },
    { name: `${name}-reconstruct-retrain-half`, from: `${name}-reconstruct`, recover: half },
    { name: `${name}-reconstruct-all-retrain-half`, from: `${name}-reconstruct-all`, recover: best },
  ]
}

/** Controls: what the text alone gives, and what the steps alone give. */
const controls: Row[] = [
  { name: 'dense-norm', title: 'dense, its norms trained in the same way', recover: norms },
  { name: 'dense-retrain', title: 'dense, trained in the same way', recover: trained },
  { name: 'dense-retrain-half', title: 'dense, trained with half of the loss on its own logits', recover: best },
  ...['alps', 'alps-2of4'].map((name): Row => ({
    name: `${name}-retrain-random`,
    title: `${name}, same steps on random text`,
    from: name,
    recover: trained,
    randomText: true,
  })),
]

const methods = ['sparsegpt', 'alps', 'admm', 'wanda', 'magnitude']
const uniform = patterns.flatMap((pattern) => methods.flatMap((method) => recoveriesOf({ method, ...pattern })))
const reordered = recoveriesOf({ method: 'alps', pattern: '2:4', reorder: true })
const swapped = [{}, { pattern: '2:4' }].flatMap((pattern) =>
  recoveriesOf({ method: 'wanda', ...pattern, swaps: 'auto' }),
)
const allocated = ['wanda', 'sparsegpt', 'alps'].flatMap((method) => [
  ...recoveriesOf({ method, sparsity: 0.7, allocation: 'owl' }),
  ...[0.5, 0.6, 0.7].flatMap((sparsity) => recoveriesOf({ method, sparsity, allocation: 'depth' })),
])

/** Each name is kept once: the peer's rows come first, which have rates of their own. */
export const rows: readonly Row[] = [
  ...withPeer.map((row) => ({ ...row, peer: true as const })),
  ...controls,
  ...uniform,
  ...reordered,
  ...swapped,
  ...allocated,
].filter(({ name }, i, all) => all.findIndex((row) => row.name === name) === i)

export function rowOf(name: string): Row {
  const row = rows.find((one) => one.name === name)
  if (!row) throw new Error(`no row is called ${name}; one of ${rows.map((one) => one.name).join(', ')}`)
  return row
}

/** The row that pruned and did no more, from which `row` recovers; `dense` for a control that prunes nothing, null for itself. */
export function prunedOf(row: Row): string | null {
  if (!row.recover) return null
  if (row.from) return prunedOf(rowOf(row.from)) ?? row.from
  return row.method ? nameOf(row as Setting) : 'dense'
}

/** Whether another seed gives another result: adapters start at random, and nothing else is drawn. */
export function drawsAtRandom(row: Row): boolean {
  const adapter = row.recover?.train?.includes('mask_lora') ?? false
  return adapter || row.randomText === true || (row.from !== undefined && drawsAtRandom(rowOf(row.from)))
}
