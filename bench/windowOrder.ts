// How far rounding alone moves Wanda 2:4 on a real model: the same windows in different orders, which is mathematically
// the same, pruned here and by the PyTorch peer.
//   npx tsx bench/windowOrder.ts --model SMOLLM2 --ids ids.safetensors --peer torch_peer.py [--orders 6] [--out FOLDER]
// Orders done before (FOLDER/results.json) are kept.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createRng } from '../src/engine/rng.ts'
import { python, runJson, sparsescope } from './support/process.ts'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    ids: { type: 'string' },
    peer: { type: 'string' },
    orders: { type: 'string', default: '6' },
    out: { type: 'string', default: 'out/window-order' },
  },
})
if (!options.model || !options.ids || !options.peer || !(Number(options.orders) >= 2)) {
  console.error(
    'usage: windowOrder.ts --model FOLDER --ids FILE --peer torch_peer.py [--orders 6, at least 2] [--out FOLDER]',
  )
  process.exit(2)
}
const [model, ids, program, out] = [options.model, options.ids, options.peer, options.out].map((p) => resolve(p))
mkdirSync(out, { recursive: true })

/** The ids file again, its calibration rows in the order of `seed`; seed 0 keeps the file's own. */
function reordered(seed: number): string {
  const bytes = readFileSync(ids)
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.toString('utf8', 8, headerEnd)) as {
    calibration: { shape: [number, number]; data_offsets: [number, number] }
  }
  const { shape, data_offsets: range } = header.calibration
  const rows = Buffer.from(bytes.subarray(headerEnd + range[0], headerEnd + range[1]))
  const rowBytes = rows.length / shape[0]
  const rng = createRng(seed, 'order')
  const keys = Array.from({ length: shape[0] }, (_, i) => (seed === 0 ? i : rng.uniform()))
  const order = [...keys.keys()].sort((a, b) => keys[a] - keys[b])
  const start = headerEnd + range[0]
  order.forEach((from, to) => rows.copy(bytes, start + to * rowBytes, from * rowBytes, (from + 1) * rowBytes))
  const file = join(out, `ids-${seed}.safetensors`)
  writeFileSync(file, bytes)
  return file
}

/** Perplexity as saved: rounded to bf16, loaded again. */
function evaluate(folder: string): number {
  const args = ['evaluate', folder, '--data', ids, '--field', 'evaluation', '--seq-len', '512', '--precision', 'f32']
  return sparsescope<{ perplexity: number }>(...args).json.perplexity
}

function ours(data: string): number {
  const recipe = join(out, 'ours.prune.yaml')
  rmSync(join(out, 'ours'), { recursive: true, force: true })
  const calibration = { data, field: 'calibration', samples: 64, seq_len: 512 }
  const prune = [{ method: 'wanda', pattern: '2:4' }]
  writeFileSync(
    recipe,
    JSON.stringify({ version: 1, model, prune, calibration, precision: 'f32', save: { to: 'ours' } }),
  )
  sparsescope('run', recipe)
  return evaluate(join(out, 'ours'))
}

function peer(data: string): number {
  const folder = join(out, 'peer')
  const calibration = ['--calib', data, '--key', 'calibration']
  runJson(python, [program, 'prune', model, ...calibration, '--method', 'wanda', '--pattern', '2:4', '--save', folder])
  return evaluate(folder)
}

const file = join(out, 'results.json')
const results = (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []) as { ours: number; peer: number }[]
for (let seed = results.length; seed < Number(options.orders); seed++) {
  const data = reordered(seed)
  results.push({ ours: ours(data), peer: peer(data) })
  writeFileSync(file, JSON.stringify(results))
  console.log(`order ${seed}: ${results[seed].ours.toFixed(2)} here, ${results[seed].peer.toFixed(2)} by the peer`)
}

for (const side of ['ours', 'peer'] as const) {
  const values = results.map((r) => r[side])
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1))
  const error = deviation / Math.sqrt(values.length)
  console.log(`${side}: mean ${mean.toFixed(2)} ± ${error.toFixed(2)}, one order's deviation ${deviation.toFixed(2)}`)
}
