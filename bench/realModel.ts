// A real model, row by row: prune and recover SmolLM2-135M, and measure text of the kind trained on, text of another kind, and tasks.
//   npx tsx bench/realModel.ts --model SMOLLM2 --ids ids.safetensors --other-ids ids_wiki.safetensors --rows NAME,… [--seeds 0,1,2]
//     [--tasks FOLDER [--limit N]] [--steps N] [--lr RATE] [--precision f32|bf16] [--evaluate-precision f32|bf16] [--memory SIZE]
//     [--all-text both|training] [--documents FILE.jsonl,…] [--peer torch_peer.py] [--out FOLDER]
// Rows are those of bench/realModel/rows.ts (`--rows list` prints them); without --rows those that the peer can make too. A row that another
// recovers, or whose gap it closes, is run too. What is done (OUT/results.json) is kept, and only what it lacks is measured.
// --peer: rows that the peer knows are also run by it, one after the other; in bf16 under autocast. Seconds of a row include those of
// what it recovers.
// --all-text: train on the rows of `calibration` and `training`, both; with `both`, calibrate on all of them too.
// --lr: the learning rate of the rows that are named, in place of their own; use another --out.
// --documents: calibrate and train on as many of these, in equal parts, in place of the rows; bench/mixedText.ts writes some.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ours, peer, qualityOf, type Bench, type Result } from './realModel/measure.ts'
import { drawsAtRandom, prunedOf, rowOf, rows, type Row } from './realModel/rows.ts'
import { peerTable, qualityTable, type Results } from './realModel/table.ts'
import { allText } from './support/allText.ts'
import { machine } from './support/process.ts'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    ids: { type: 'string' },
    'other-ids': { type: 'string' },
    tasks: { type: 'string' },
    limit: { type: 'string', default: '100' },
    out: { type: 'string', default: 'out/real-model' },
    rows: { type: 'string' },
    peer: { type: 'string' },
    steps: { type: 'string', default: '200' },
    lr: { type: 'string' },
    seeds: { type: 'string', default: '0' },
    precision: { type: 'string', default: 'f32' },
    'evaluate-precision': { type: 'string', default: 'f32' },
    memory: { type: 'string' },
    'all-text': { type: 'string' },
    documents: { type: 'string' },
  },
})
if (options.rows === 'list') {
  for (const { name, title } of rows) console.log(title ? `${name}: ${title}` : name)
  process.exit(0)
}
if (!options.model || !options.ids) {
  console.error('usage: realModel.ts --model FOLDER --ids FILE [--other-ids FILE] [--rows a,b] [--seeds 0,1,2]')
  process.exit(2)
}
const use = options['all-text']
if (use !== undefined && use !== 'both' && use !== 'training') {
  console.error(`--all-text takes "both" or "training", not ${use}`)
  process.exit(2)
}
const out = resolve(options.out)
mkdirSync(out, { recursive: true })
const ids = resolve(options.ids)
const text = use ? allText(ids, join(out, 'ids.safetensors'), use) : { ids, calibration: 64, training: 200 }
const bench: Bench = {
  model: resolve(options.model),
  out,
  text: { ...text, documents: options.documents?.split(',').map((file) => resolve(file)) },
  otherIds: options['other-ids'] && resolve(options['other-ids']),
  tasks: options.tasks && resolve(options.tasks),
  limit: options.limit,
  steps: Number(options.steps),
  precision: options.precision,
  evaluatePrecision: options['evaluate-precision'],
  memory: options.memory,
}

const names = options.rows?.split(',') ?? rows.filter((row) => row.peer).map(({ name }) => name)
const file = join(out, 'results.json')
const results = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : {}

/** Saves each result at once, because a row takes many minutes and a later one may fail. */
function keep(name: string, seed: number, result: Result): Result {
  ;(results[name] ??= { ours: {} }).ours[seed] = result
  writeFileSync(file, JSON.stringify(results, null, 2))
  return result
}

/** The row's result with this seed, after those that it needs. A row that draws nothing at random has one result, of seed 0. */
function measure(name: string, given: number): Result {
  const row = name === 'dense' ? null : rowOf(name)
  const seed = row && drawsAtRandom(row) ? given : 0
  const folder = folderOf(name, given)
  const known = results[name]?.ours[seed]
  if (known) return keep(name, seed, { ...known, ...qualityOf(bench, folder, known) })
  if (!row) return keep(name, seed, { ...qualityOf(bench, folder, {}), seconds: 0, megabytes: 0 })
  const pruned = prunedOf(row)
  if (pruned) measure(pruned, given)
  const from = row.from ? { result: measure(row.from, given), folder: folderOf(row.from, given) } : undefined
  return keep(name, seed, ours(bench, { row: { ...row, ...otherRate(row) }, seed, folder, from }))
}

/** The rate of a row that is named; the rows that it recovers from keep theirs. */
function otherRate({ name, recover }: Row): Partial<Row> {
  return options.lr && recover && names.includes(name) ? { recover: { ...recover, lr: Number(options.lr) } } : {}
}

/** Where the row's model is saved. */
function folderOf(name: string, seed: number): string {
  if (name === 'dense') return bench.model
  return join(out, seed !== 0 && drawsAtRandom(rowOf(name)) ? `${name}-seed${seed}` : name)
}

for (const name of ['dense', ...names]) {
  for (const seed of options.seeds.split(',')) measure(name, Number(seed))
  if (options.peer && name !== 'dense' && rowOf(name).peer) {
    results[name].peer ??= peer(bench, rowOf(name), options.peer)
    writeFileSync(file, JSON.stringify(results, null, 2))
  }
  console.log(name, JSON.stringify(results[name]))
}

console.log(`\n${machine()}\n\n${qualityTable(results)}\n\n${peerTable(results)}`)
