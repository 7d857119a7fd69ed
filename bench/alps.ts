// ALPS of one real block beside its authors' code and the torch peer: processor seconds on one thread each, taking turns, and errors.
//   PYTHON=…/bin/python npx tsx bench/alps.ts --model SMOLLM2 --ids ids.safetensors --peer alps_admm.py [--authors FOLDER] [--block 14]
//     [--sparsity 0.5] [--pattern 2:4] [--rounds 3] [--only]
// PYTHON has torch and transformers; FOLDER is a checkout of mazumder-lab/ALPS. --only leaves the others out (for profiles).
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { upload } from '../src/engine/compute/backend.ts'
import { openCpu } from '../src/engine/compute/cpu/open.ts'
import { maskWords } from '../src/catalog/formats/maskFile.ts'
import { alps } from '../src/engine/prune/methods/alps.ts'
import { parseNm } from '../src/catalog/formats/sparsity.ts'
import type { PruneEntry } from '../src/plan/pruneEntry.ts'
import { machine, median, python, runJson } from './support/process.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    ids: { type: 'string' },
    peer: { type: 'string' },
    authors: { type: 'string' },
    problems: { type: 'string' },
    block: { type: 'string', default: '14' },
    windows: { type: 'string', default: '64' },
    sparsity: { type: 'string', default: '0.5' },
    pattern: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'boolean' },
  },
})
const { model, ids, peer } = values
if (!values.problems && (!model || !ids)) throw new Error('--model and --ids, or --problems, are needed')

// Read by BLAS and malloc when they load; the peer's own main sets the same.
const threads = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1', OMP_WAIT_POLICY: 'passive' }
const allocation = { MALLOC_MMAP_THRESHOLD_: String(2 ** 32), MALLOC_TRIM_THRESHOLD_: String(2 ** 34) }
Object.assign(process.env, threads, allocation)

interface Side {
  seconds: number
  errors: Record<string, number>
}
interface Linear {
  name: string
  weight: Float32Array
  hessian: Float32Array
}

const folder = mkdtempSync(join(tmpdir(), 'alps-'))
const script = join(import.meta.dirname, 'alps.py')
const problems = values.problems ?? join(folder, 'problems.safetensors')
if (!values.problems)
  spawnSync(python, [script, 'problems', model!, ids!, values.block, values.windows, problems], { stdio: 'inherit' })

function readProblems(): Linear[] {
  const bytes = readFileSync(problems)
  const length = Number(bytes.readBigUInt64LE())
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, { data_offsets: [number, number] }>
  const tensor = (name: string) => {
    const [start, end] = header[name].data_offsets
    return new Float32Array(Uint8Array.from(bytes.subarray(8 + length + start, 8 + length + end)).buffer)
  }
  return Object.keys(header)
    .filter((name) => name.endsWith('.weight'))
    .map((file) => file.slice(0, -'.weight'.length))
    .map((name) => ({ name, weight: tensor(`${name}.weight`), hessian: tensor(`${name}.hessian`) }))
}

const linears = readProblems()
const pattern = values.pattern ? parseNm(values.pattern) : null
const sparsity = Number(values.sparsity)

async function ours(): Promise<Side> {
  const host = await openCpu({ threads: 1 })
  const start = process.cpuUsage()
  const found = new Map<string, Float32Array>()
  // The second number of G identifies it: linears with the same input have the same G.
  const groups = new Set(linears.map(({ hessian }) => hessian[1]))
  for (const mark of groups) {
    const group = linears.filter(({ hessian }) => hessian[1] === mark)
    const columns = Math.sqrt(group[0].hessian.length)
    const entry: PruneEntry = {
      method: 'alps',
      sparsities: new Map(group.map(({ name }) => [name, sparsity])),
      pattern,
      scope: 'tensor',
      selection: 'exact',
      settings: {},
    }
    const hessian = upload(host, 'f32', [columns, columns], group[0].hessian)
    const prepared = await alps.prepare({ host, hessian, entry, name: group[0].name, warn: console.warn })
    for (const { name, weight: dense } of group) {
      const rows = dense.length / columns
      const weight = upload(host, 'f32', [rows, columns], dense)
      const mask = host.allocate('u32', [rows, maskWords(columns)])
      host.kernels.fill(mask, 0)
      await prepared.solve({ weight, mask, entry, name })
      found.set(name, (await host.read(weight)) as Float32Array)
      for (const tensor of [weight, mask]) host.release(tensor)
    }
    prepared.release()
    host.release(hessian)
  }
  const { user, system } = process.cpuUsage(start)
  await host.close()
  const errors = linears.map(({ name, weight, hessian }) => [name, relativeError(weight, found.get(name)!, hessian)])
  return { seconds: (user + system) / 1e6, errors: Object.fromEntries(errors) as Record<string, number> }
}

/** tr(ΔGΔᵀ) / tr(WGWᵀ). */
function relativeError(weight: Float32Array, found: Float32Array, hessian: Float32Array): number {
  const columns = Math.sqrt(hessian.length)
  const of = (matrix: Float64Array) => {
    let sum = 0
    for (let row = 0; row < matrix.length; row += columns)
      for (let i = 0; i < columns; i++) {
        if (matrix[row + i] === 0) continue
        let product = 0
        for (let j = 0; j < columns; j++) product += hessian[i * columns + j] * matrix[row + j]
        sum += matrix[row + i] * product
      }
    return sum
  }
  return of(Float64Array.from(weight, (value, i) => found[i] - value)) / of(Float64Array.from(weight))
}

const theirs = () =>
  runJson<Record<string, Side>>(python, [
    ...[script, 'time', problems, values.sparsity, values.pattern ?? '-', peer!],
    ...(values.authors ? [values.authors] : []),
  ]).json
const rounds: Record<string, Side>[] = []
for (let i = 0; i < Number(values.rounds); i++)
  rounds.push({ ours: await ours(), ...(peer && !values.only ? theirs() : {}) })
rmSync(folder, { recursive: true })

console.log(`${machine()}, one thread`)
const mean = ({ errors }: Side) => Object.values(errors).reduce((a, b) => a + b, 0) / linears.length
console.table(
  Object.keys(rounds[0]).map((side) => ({
    side,
    'processor seconds': median(rounds.map((round) => round[side].seconds)).toFixed(2),
    '× ours': median(rounds.map((round) => round[side].seconds / round.ours.seconds)).toFixed(2),
    'mean relative error': mean(rounds[0][side]).toPrecision(5),
  })),
)
