// Forecasts of time beside what runs take: the dry run's seconds, by rates measured just before, and the processor seconds of the run.
//   taskset -c 1 npx tsx bench/forecasts.ts --model FOLDER --ids FILE [--rows wanda/bf16,…] [--windows 16] [--steps 20] [--out FOLDER]
// FILE has ids [N, 512] under the names `calibration`, `training` and `evaluation`. On one core: then seconds are processor seconds.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { openCpu } from '../src/engine/compute/cpu/open.ts'
import { ratesOf } from '../src/engine/compute/rates.ts'
import { machine, sparsescope } from './support/process.ts'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: '' },
    ids: { type: 'string', default: '' },
    rows: { type: 'string' },
    windows: { type: 'string', default: '16' },
    steps: { type: 'string', default: '20' },
    out: { type: 'string', default: 'out/forecasts' },
  },
})
const [out, data] = [resolve(options.out), resolve(options.ids)]
mkdirSync(out, { recursive: true })
process.env.XDG_CACHE_HOME = join(out, 'cache')

const [seqLen, steps] = [512, Number(options.steps)]
const calibration = { data, field: 'calibration', samples: Number(options.windows), seq_len: seqLen }
const pruned = (method: string) => ({ prune: [{ method, sparsity: 0.5 }], calibration })
const trained = { train: ['norm', 'mask_lora'], lora: { rank: 16 }, steps }
const retrain = { mode: 'retrain', data, field: 'training', seq_len: seqLen, ...trained }
const works: Readonly<Record<string, object>> = {
  wanda: pruned('wanda'),
  sparsegpt: pruned('sparsegpt'),
  alps: pruned('alps'),
  reconstruct: { ...pruned('wanda'), recover: { mode: 'reconstruct', ...trained } },
  norms: { ...pruned('magnitude'), recover: { ...retrain, train: ['norm'] } },
  retrain: { ...pruned('magnitude'), recover: retrain },
  dense: { ...pruned('magnitude'), recover: { ...retrain, loss: { dense: 0.5 } } },
  evaluate: {
    ...pruned('magnitude'),
    evaluate: [{ task: 'perplexity', data, field: 'evaluation', seq_len: seqLen, at: ['dense'] }],
  },
}
const rows = Object.keys(works).flatMap((work) => [`${work}/f32`, `${work}/bf16`])

async function measureProcessor(): Promise<void> {
  rmSync(join(out, 'cache'), { recursive: true, force: true })
  const backend = await openCpu()
  await ratesOf(backend)
  await backend.close()
}

console.log(`${machine()}, ${options.model}, ${calibration.samples} windows, ${steps} steps`)
console.log('work | forecast s | processor s | forecast / processor')
for (const row of options.rows?.split(',') ?? rows) {
  const [work, precision] = row.split('/')
  const file = join(out, `${work}-${precision}.prune.yaml`)
  writeFileSync(file, JSON.stringify({ version: 1, model: resolve(options.model), precision, ...works[work] }))
  await measureProcessor()
  const settings = ['run', file, '--device', 'cpu']
  const { estimates } = sparsescope<{ estimates: { seconds: number } }>(...settings, '--dry-run').json
  const { processorSeconds } = sparsescope(...settings)
  const ratio = estimates.seconds / processorSeconds
  console.log([row, estimates.seconds.toFixed(1), processorSeconds.toFixed(1), ratio.toFixed(2)].join(' | '))
}
