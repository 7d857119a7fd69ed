// A real model, row by row: prune and recover SmolLM2-135M with the settings of the PyTorch peer's table, and compare.
//   npx tsx bench/realModel.ts --model SMOLLM2 --ids ids.safetensors --out FOLDER [--rows name,…] [--seed N] [--steps N] [--precision f32|bf16] [--all-text] [--peer torch_peer.py]
// With --peer the rows that the peer knows are also run by it, one after the other. Rows done before (FOLDER/results.json) are kept.
// A row `from` another recovers that row's folder under its mask; its seconds include the other's.
// --all-text: calibrate on the rows of `calibration` and `training` both, and train on both, each row once.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { allText } from './support/allText.ts'
import { machine, python, runJson, sparsescope } from './support/process.ts'

type Numbers = Pick<Result, 'perplexity' | 'seconds' | 'megabytes'>

interface Row {
  name: string
  method?: string
  /** Default: 0.5. */
  sparsity?: number
  pattern?: string
  /** How the sparsity is spread over the blocks; default: the same in all. */
  allocation?: 'owl'
  /** The row whose result is recovered, instead of a method. */
  from?: string
  recover?: { mode: 'retrain' | 'reconstruct'; train: string[]; lr: number } | { mode: 'refit' }
  /** The table that comes with the peer. Rows without are ours alone. */
  published?: Numbers
}

const reconstruct = { mode: 'reconstruct' as const, train: ['bias', 'norm', 'mask_lora'], lr: 1e-3 }
const retrain = (train: string[], lr: number) => ({ mode: 'retrain' as const, train, lr })
const published = (perplexity: number, seconds: number, megabytes: number) => ({ perplexity, seconds, megabytes })
const ofTable: Row[] = [
  { name: 'magnitude', method: 'magnitude', published: published(592.58, 2.3, 1455) },
  {
    name: 'magnitude-norm',
    method: 'magnitude',
    recover: retrain(['norm'], 5e-3),
    published: published(97.23, 241, 2090),
  },
  {
    name: 'magnitude-lora',
    method: 'magnitude',
    recover: retrain(['norm', 'mask_lora'], 3e-3),
    published: published(66.7, 343, 3036),
  },
  {
    name: 'magnitude-full',
    method: 'magnitude',
    recover: retrain(['full'], 2e-4),
    published: published(75.2, 379, 3703),
  },
  {
    name: 'magnitude-reconstruct',
    method: 'magnitude',
    recover: reconstruct,
    published: published(106.56, 371, 1495),
  },
  { name: 'wanda', method: 'wanda', published: published(88.27, 69, 1465) },
  { name: 'wanda-reconstruct', method: 'wanda', recover: reconstruct, published: published(71.13, 367, 1494) },
  { name: 'sparsegpt', method: 'sparsegpt', published: published(75.99, 178, 1468) },
  { name: 'sparsegpt-reconstruct', method: 'sparsegpt', recover: reconstruct, published: published(64.96, 386, 1495) },
  { name: 'wanda-2of4', method: 'wanda', pattern: '2:4', published: published(260.28, 52, 1466) },
  {
    name: 'wanda-2of4-reconstruct',
    method: 'wanda',
    pattern: '2:4',
    recover: reconstruct,
    published: published(130.94, 415, 1493),
  },
]

const patterns: Pick<Row, 'sparsity' | 'pattern'>[] = [
  { sparsity: 0.5 },
  { sparsity: 0.6 },
  { sparsity: 0.7 },
  { pattern: '2:4' },
]
const nameOf = (method: string, { sparsity = 0.5, pattern }: Pick<Row, 'sparsity' | 'pattern'>) =>
  method + (pattern ? `-${pattern.replace(':', 'of')}` : sparsity === 0.5 ? '' : `-${100 * sparsity}`)
/** Every pattern runs alone and refitted, 50 % and 2:4 also retrained. */
const beyond: Row[] = ['sparsegpt', 'alps', 'admm'].flatMap((method) =>
  patterns.flatMap((pattern) => {
    const alone = { name: nameOf(method, pattern), method, ...pattern }
    const refit: Row = { ...alone, name: `${alone.name}-refit`, recover: { mode: 'refit' } }
    if (!pattern.pattern && pattern.sparsity !== 0.5) return [alone, refit]
    const trained = retrain(['norm', 'mask_lora'], 2e-3)
    return [
      alone,
      refit,
      { name: `${alone.name}-retrain`, from: alone.name, recover: trained },
      { ...alone, name: `${alone.name}-reconstruct`, recover: reconstruct },
      { name: `${alone.name}-reconstruct-retrain`, from: `${alone.name}-reconstruct`, recover: trained },
    ]
  }),
)
/** Masks of other methods, refitted. */
const refitted = ['magnitude', 'wanda'].flatMap((method) =>
  patterns.flatMap((pattern): Row[] => {
    const alone = { name: nameOf(method, pattern), method, ...pattern }
    return [alone, { ...alone, name: `${alone.name}-refit`, recover: { mode: 'refit' } }]
  }),
)
const allocated = ['wanda', 'sparsegpt', 'alps'].map((method): Row => {
  return { name: `${method}-70-owl`, method, sparsity: 0.7, allocation: 'owl' }
})
const more = [...beyond, ...refitted, ...allocated]
const rows = [...ofTable, ...more.filter(({ name }) => !ofTable.some((row) => row.name === name))]

interface Result {
  perplexity: number
  seconds: number
  /** Processor time of the run; a machine with other work makes seconds meaningless. */
  processorSeconds?: number
  megabytes: number
  trainable?: number
}
type Results = Record<string, { ours?: Result; peer?: Result }>

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    ids: { type: 'string' },
    out: { type: 'string', default: 'out/real-model' },
    rows: { type: 'string' },
    peer: { type: 'string' },
    steps: { type: 'string', default: '200' },
    seed: { type: 'string', default: '0' },
    // The table's, and the peer's.
    precision: { type: 'string', default: 'f32' },
    'all-text': { type: 'boolean', default: false },
  },
})
if (!options.model || !options.ids) {
  console.error(
    'usage: realModel.ts --model FOLDER --ids FILE [--out FOLDER] [--rows a,b] [--seed N] [--peer torch_peer.py]',
  )
  process.exit(2)
}
const [model, out] = [resolve(options.model), resolve(options.out)]
const steps = Number(options.steps)
mkdirSync(out, { recursive: true })
const text = options['all-text']
  ? allText(resolve(options.ids), join(out, 'ids.safetensors'))
  : { ids: resolve(options.ids), calibration: 64, training: 200 }
const { ids } = text

function recipeOf(row: Row): object {
  return {
    version: 1,
    model: row.from ? join(out, row.from) : model,
    seed: Number(options.seed),
    precision: options.precision,
    ...(row.method && {
      prune: [
        {
          method: row.method,
          ...(row.pattern ? { pattern: row.pattern } : { sparsity: row.sparsity ?? 0.5 }),
          ...(row.allocation && { allocation: row.allocation }),
        },
      ],
    }),
    calibration: { data: ids, field: 'calibration', samples: text.calibration, seq_len: 512 },
    ...(row.recover && {
      recover: {
        ...row.recover,
        // Fitting takes steps of conjugate gradients, as many as it defaults to.
        ...(row.recover.mode !== 'refit' && { steps }),
        ...(row.recover.mode === 'retrain' && { data: ids, field: 'training', samples: text.training, seq_len: 512 }),
      },
    }),
    save: { to: row.name },
  }
}

/** Perplexity as saved: rounded to bf16, loaded again; in f32, whatever the run computed in. */
function evaluate(folder: string): number {
  const { json } = sparsescope<{ perplexity: number }>(
    ...['evaluate', folder, '--data', ids, '--field', 'evaluation', '--seq-len', '512', '--precision', 'f32'],
  )
  return json.perplexity
}

function ours(row: Row): Result {
  const before = row.from ? results[row.from]?.ours : undefined
  if (row.from && !before) throw new Error(`${row.name} recovers ${row.from}: name that row first in --rows`)
  const recipe = join(out, `${row.name}.prune.yaml`)
  const folder = join(out, row.name)
  writeFileSync(recipe, JSON.stringify(recipeOf(row), null, 2))
  rmSync(folder, { recursive: true, force: true })
  const { json, seconds, processorSeconds } = sparsescope<{
    peak_memory_mb: number
    trainable: { count: number } | null
  }>('run', recipe)
  return {
    perplexity: evaluate(folder),
    seconds: seconds + (before?.seconds ?? 0),
    processorSeconds: processorSeconds + (before?.processorSeconds ?? 0),
    megabytes: Math.max(json.peak_memory_mb, before?.megabytes ?? 0),
    trainable: json.trainable?.count,
  }
}

function peer(row: Row, program: string): Result {
  const folder = join(out, `${row.name}-peer`)
  const command = row.recover?.mode ?? 'prune'
  const args = [
    program,
    command,
    model,
    '--calib',
    ids,
    '--key',
    'calibration',
    '--method',
    String(row.method),
    '--save',
    folder,
  ]
  args.push(...(row.pattern ? ['--pattern', row.pattern] : ['--sparsity', '0.5']))
  if (row.recover && row.recover.mode !== 'refit') {
    const train = row.recover.train.join(',')
    args.push('--train', train, '--rank', '16', '--iterations', String(steps), '--lr', String(row.recover.lr))
    if (command === 'retrain') args.push('--batches', ids, '--batches-key', 'training')
  }
  const { json } = runJson<{ seconds: { total: number }; peak_rss_mb: number }>(python, args)
  return { perplexity: evaluate(folder), seconds: json.seconds.total, megabytes: json.peak_rss_mb * 1.048576 }
}

const file = join(out, 'results.json')
const results = (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}) as Results
const wanted = options.rows?.split(',')
results.dense ??= { ours: { perplexity: evaluate(model), seconds: 0, megabytes: 0 } }
console.log(`dense ${results.dense.ours?.perplexity.toFixed(4)}`)
for (const row of rows) {
  if (wanted && !wanted.includes(row.name)) continue
  const result = (results[row.name] ??= {})
  result.ours ??= ours(row)
  // A row takes many minutes: what is done is kept whatever happens to the rest.
  writeFileSync(file, JSON.stringify(results, null, 2))
  if (options.peer && row.published) result.peer ??= peer(row, options.peer)
  writeFileSync(file, JSON.stringify(results, null, 2))
  console.log(row.name, JSON.stringify(result))
}

const cell = (r: Numbers | undefined, p = 2) =>
  r ? `${r.perplexity.toFixed(p)} | ${r.seconds.toFixed(0)} | ${r.megabytes.toFixed(0)}` : '– | – | –'
console.log(`\n${machine()}\n`)
console.log('| row | perplexity | s | MB | peer: perplexity | s | MB | published: perplexity | s | MB | difference |')
console.log('|---|---|---|---|---|---|---|---|---|---|---|')
for (const row of rows) {
  const result = results[row.name]
  if (!result?.ours) continue
  const difference = row.published
    ? `${(100 * (result.ours.perplexity / row.published.perplexity - 1)).toFixed(2)} %`
    : ''
  console.log(`| ${row.name} | ${cell(result.ours)} | ${cell(result.peer)} | ${cell(row.published)} | ${difference} |`)
}
