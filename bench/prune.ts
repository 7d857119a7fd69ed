// Pruning one block of OPT-125M's shape, ms, beside the torch peer (tuned and as published), all cores, in one run.
//   npx tsx bench/prune.ts [--reps 5] [--peer ../shared/peer/torch_peer.py] [--no-peer]
import { parseArgs } from 'node:util'
import { upload, type Backend } from '../src/engine/compute/backend.ts'
import { openCpu, type CpuBackend } from '../src/engine/compute/cpu/open.ts'
import type { Linear } from '../src/engine/model/module.ts'
import type { PruneEntry } from '../src/plan/pruneEntry.ts'
import { pruneBlock } from '../src/engine/prune/pruneBlock.ts'
import { Statistics } from '../src/engine/prune/statistics.ts'
import { createRng } from '../src/engine/rng.ts'
import { machine, median, python, root, runJson } from './support/process.ts'

const { values } = parseArgs({
  options: {
    reps: { type: 'string', default: '5' },
    peer: { type: 'string', default: `${root}/../shared/peer/torch_peer.py` },
    'no-peer': { type: 'boolean', default: false },
  },
})
const reps = Number(values.reps)

/** name, inputKey, [out, in], like q, k, v, out_proj, fc1, fc2. */
const linears: [string, string, [number, number]][] = [
  ['q', 'attention', [768, 768]],
  ['k', 'attention', [768, 768]],
  ['v', 'attention', [768, 768]],
  ['out', 'heads', [768, 768]],
  ['fc1', 'mlp', [3072, 768]],
  ['fc2', 'hidden', [768, 3072]],
]
const [samples, tokens] = [8, 512]

type Case = Pick<PruneEntry, 'method' | 'scope' | 'pattern'> & { peer: string }
const cases: Case[] = [
  { method: 'wanda', scope: 'row', pattern: null, peer: 'wanda, 1 block: prune 50 % row' },
  { method: 'wanda', scope: 'tensor', pattern: null, peer: 'wanda, 1 block: prune 50 % tensor' },
  { method: 'wanda', scope: 'row', pattern: { n: 2, m: 4 }, peer: 'wanda, 1 block: prune 50 % 2:4' },
  { method: 'sparsegpt', scope: 'tensor', pattern: null, peer: 'sparsegpt, 1 block: prune 50 % tensor' },
  { method: 'sparsegpt', scope: 'tensor', pattern: { n: 2, m: 4 }, peer: 'sparsegpt, 1 block: prune 50 % 2:4' },
  { method: 'magnitude', scope: 'tensor', pattern: null, peer: 'magnitude, 1 block: prune 50 % tensor' },
  { method: 'magnitude', scope: 'tensor', pattern: { n: 2, m: 4 }, peer: 'magnitude, 1 block: prune 50 % 2:4' },
]

/** A pool of normal numbers that is used cyclically: its length divides no width, so that no two rows are equal. */
const rng = createRng(1, 'bench')
const pool = Float32Array.from({ length: 1_000_003 }, () => rng.normal())

function normal(backend: Backend, shape: readonly number[], scale: number) {
  const length = shape.reduce((a, b) => a * b, 1)
  const values = new Float32Array(length)
  for (let i = 0; i < length; i++) values[i] = scale * pool[i % pool.length]
  return upload(backend, 'f32', shape, values)
}

/** Median milliseconds of pruning a fresh copy of the block; making the copy and the statistics are not timed. */
async function milliseconds(cpu: CpuBackend, { method, scope, pattern }: Case, dense: readonly Linear[]) {
  const sparsities = new Map(dense.map(({ name }) => [name, 0.5]))
  const entry: PruneEntry = { method, sparsities, pattern, scope, selection: 'exact', settings: {} }
  const statistics = new Statistics(cpu, samples, () => entry)
  for (const key of new Set(dense.map(({ inputKey }) => inputKey))) {
    const readers = dense.filter(({ inputKey }) => inputKey === key)
    const input = normal(cpu, [samples * tokens, readers[0].weight.shape[1]], 1)
    statistics.observe(readers, input)
    cpu.release(input)
  }
  const context = { backend: cpu, host: cpu, entryOf: () => entry, globals: new Map(), seed: 0, warn: console.warn }
  const times: number[] = []
  for (let i = 0; i <= reps; i++) {
    const block = dense.map((linear) => ({ ...linear, weight: cpu.allocate('f32', linear.weight.shape) }))
    for (const [j, { weight }] of block.entries()) cpu.kernels.convert(weight, dense[j].weight)
    const start = performance.now()
    await pruneBlock(context, block, statistics, new Map())
    times.push(performance.now() - start)
    for (const { weight } of block) cpu.release(weight)
  }
  statistics.close()
  return median(times.slice(1))
}

async function ours(blas: 'auto' | 'none') {
  const cpu = await openCpu({ blas })
  const dense = linears.map(([name, inputKey, shape]) => ({
    name,
    inputKey,
    bias: null,
    weight: normal(cpu, shape, 0.02),
  }))
  const times: number[] = []
  for (const one of cases) times.push(await milliseconds(cpu, one, dense))
  await cpu.close()
  return { name: cpu.info.description, times }
}

interface PeerResult {
  rows: { name: string; median_s: number }[]
}

function peer(...flags: string[]): number[] {
  const args = [values.peer, 'bench', '--layers', '1', '--vocab', '512', '--only', 'wanda,sparsegpt,magnitude']
  const { json } = runJson<PeerResult>(python, [...args, '--reps', String(reps), ...flags])
  return cases.map(({ peer: name }) => 1000 * (json.rows.find((row) => row.name === name)?.median_s ?? NaN))
}

// BLAS picks its kernels when it loads: these two would choose slower ones.
delete process.env.OPENBLAS_CORETYPE
delete process.env.OPENBLAS_L2_SIZE
const withPeer = !values['no-peer']
const tuned = withPeer ? peer() : null
const sides = [await ours('auto'), await ours('none')]
const published = withPeer ? peer('--as-published') : null
console.log(machine())
console.table(
  cases.map(({ method, scope, pattern }, i) => ({
    '50 % of a block': `${method} ${pattern ? '2:4' : scope}`,
    ...(published && { 'as published': Math.round(published[i]) }),
    ...(tuned && { 'tuned peer': Math.round(tuned[i]) }),
    ...Object.fromEntries(sides.map((side) => [side.name, Math.round(side.times[i])])),
    ...(tuned && { '× tuned': Number((tuned[i] / sides[0].times[i]).toFixed(2)) }),
    ...(published && { '× published': Number((published[i] / sides[0].times[i]).toFixed(2)) }),
  })),
)
