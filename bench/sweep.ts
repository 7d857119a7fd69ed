// Twelve runs of the bundled sample: as a sweep on two jobs, and one after the other. The bar is 0.6 of the time. Two
// sweeps: runs that share little (each reconstructs as it prunes), and runs that share their pruned model too.
//   npm run build && npx tsx bench/sweep.ts [--steps 20] [--only reconstructed|retrained]
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { SweepTable } from '../src/runs/compared/sweepTable.ts'
import { machine, root, sparsescope } from './support/process.ts'

const { values: options } = parseArgs({
  options: { steps: { type: 'string', default: '20' }, only: { type: 'string' } },
})
const steps = Number(options.steps)
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
}
const evaluation = { data: join(root, 'samples/text/evaluation.txt'), seq_len: 256 }
const sparsities = { 'prune.0.sparsity': [0.4, 0.5, 0.6, 0.7] }

interface Design {
  readonly title: string
  readonly recipe: object
  readonly axes: Readonly<Record<string, readonly number[]>>
}

const designs: Record<string, Design> = {
  reconstructed: {
    title: `four sparsities, three seeds, reconstructed with ${steps} steps a block; dense and recovered measured`,
    recipe: {
      ...recipe,
      recover: { mode: 'reconstruct', steps, lr: 1e-3, batch_size: 2 },
      evaluate: [{ ...evaluation, at: ['dense', 'recovered'] }],
    },
    axes: { ...sparsities, seed: [0, 1, 2] },
  },
  retrained: {
    title: `four sparsities, three rates, retrained for ${steps} steps; dense, pruned and recovered measured`,
    recipe: {
      ...recipe,
      recover: { mode: 'retrain', data: train, steps, seq_len: 256, batch_size: 2, train: ['bias', 'norm'], lr: 1e-3 },
      evaluate: [evaluation],
    },
    axes: { ...sparsities, 'recover.lr': [5e-4, 1e-3, 2e-3] },
  },
}

function write(name: string, content: object): string {
  const path = join(out, `${name}.prune.yaml`)
  writeFileSync(path, JSON.stringify(content))
  return path
}

/** Every choice of one value of each axis, the last axis the quickest. */
function combinations(axes: Design['axes']): string[][] {
  return Object.entries(axes).reduce<string[][]>(
    (before, [path, values]) => before.flatMap((one) => values.map((value) => [...one, `${path}=${value}`])),
    [[]],
  )
}

type Measured = Record<string, number | null>

function measure(name: string, { title, recipe: base, axes }: Design): void {
  const sweep = sparsescope<SweepTable>(
    ...['sweep', 'run', write(`${name}-sweep`, { ...base, sweep: axes }), '--jobs', '2', '--device', 'cpu'],
  )
  const single = write(name, base)
  const runs = combinations(axes).map((settings) =>
    sparsescope<{ perplexity: Measured }>(
      ...['run', single, ...settings.flatMap((one) => ['--set', one]), '--device', 'cpu'],
    ),
  )
  const alone = runs.reduce((sum, { seconds }) => sum + seconds, 0)
  // Another number of threads gives other roundings.
  const isSame = (mine: Measured, other: Measured) =>
    Object.entries(mine).every(([stage, value]) => value === null || Math.abs(value / (other[stage] ?? 0) - 1) < 1e-3)
  if (!sweep.json.runs.every(({ results }, i) => isSame(runs[i].json.perplexity, results.perplexity)))
    throw new Error('the runs of the sweep are not the single runs')
  console.log(`${name}: ${title}`)
  console.log(`one after the other ${alone.toFixed(1)} s, sweep --jobs 2 ${sweep.seconds.toFixed(1)} s`)
  console.log(`ratio ${(sweep.seconds / alone).toFixed(2)} (bar: 0.60)`)
}

console.log(`${machine()}, ${new Date().toISOString()}: 12 runs of samples/opt, Wanda`)
for (const [name, design] of Object.entries(designs))
  if (options.only === undefined || options.only === name) measure(name, design)
