// Twelve runs of the bundled sample: as a sweep on two jobs, and one after the other. The bar is 0.6 of the time.
//   npm run build && npx tsx bench/sweep.ts [--steps 20]
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { SweepTable } from '../src/shared/sweep/sweepTable.ts'
import { machine, root, sparsescope } from './support/process.ts'

const { values: options } = parseArgs({ options: { steps: { type: 'string', default: '20' } } })
const out = join(root, 'out/bench-sweep')
rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })

const train = join(root, 'samples/text/train.jsonl')
const recipe = {
  version: 1,
  model: join(root, 'samples/opt'),
  prune: [{ method: 'wanda', sparsity: 0.5 }],
  calibration: { data: train, samples: 32, seq_len: 256 },
  seed: 0,
  recover: { mode: 'reconstruct', steps: Number(options.steps), lr: 1e-3, batch_size: 2 },
  evaluate: [{ data: join(root, 'samples/text/evaluation.txt'), seq_len: 256, at: ['dense', 'recovered'] }],
}
const sparsities = [0.4, 0.5, 0.6, 0.7]
const seeds = [0, 1, 2]
const write = (name: string, content: object) => {
  const path = join(out, `${name}.prune.yaml`)
  writeFileSync(path, JSON.stringify(content))
  return path
}

const swept = write('sweep', { ...recipe, sweep: { 'prune.0.sparsity': sparsities, seed: seeds } })
const sweep = sparsescope<SweepTable>('sweep', 'run', swept, '--jobs', '2', '--device', 'cpu')

const single = write('single', recipe)
let alone = 0
const dense: number[] = []
for (const sparsity of sparsities)
  for (const seed of seeds) {
    const settings = ['--set', `prune.0.sparsity=${sparsity}`, '--set', `seed=${seed}`]
    const { json, seconds } = sparsescope<{ perplexity: { dense: number } }>(
      'run',
      single,
      ...settings,
      '--device',
      'cpu',
    )
    dense.push(json.perplexity.dense)
    alone += seconds
  }

const same = sweep.json.runs.every(({ results }, i) => Math.abs((results.perplexity.dense ?? 0) / dense[i] - 1) < 1e-4)
if (!same) throw new Error('the runs of the sweep are not the single runs')
console.log(`${machine()}\n12 runs of samples/opt, ${options.steps} steps a block, ${new Date().toISOString()}`)
console.log(`one after the other ${alone.toFixed(1)} s, sweep --jobs 2 ${sweep.seconds.toFixed(1)} s`)
console.log(`ratio ${(sweep.seconds / alone).toFixed(2)} (bar: 0.60)`)
