// GFLOP/s of the WGSL matrix products on the adapter of this machine, through the backend.
// A software adapter computes on the CPU: its rate per CPU-second tells more than the wall's on a machine that is shared.
// The placement of a process's memory decides how well caches hold it, so rates are medians of --runs processes.
// Run: node --import tsx bench/wgslGemm.mjs [--runs 5] [--json]
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { openWebGpu } from '../src/engine/compute/webgpu/backend.ts'
import { hostArray } from '../src/engine/dtype.ts'
import { median } from './support/process.ts'

const shapes = [
  [1024, 1024, 1024],
  [512, 768, 3072],
  [512, 3072, 768],
]
const seconds = 1.5

/** Each product of rows [m,k] with a weight [n,k]: forward, gradient of the input, gradient of the weight. */
const kernels = {
  linear: (k, t) => k.linear(t.out, t.input, t.weight, null),
  linearBackwardInput: (k, t) => k.linearBackwardInput(t.input, t.out, t.weight, false),
  linearBackwardWeight: (k, t) => k.linearBackwardWeight(t.weight, t.out, t.input),
}

function tensor(backend, dtype, shape) {
  const t = backend.allocate(dtype, shape)
  backend.write(t, hostArray(dtype, t.length).fill(dtype === 'f32' ? 0.01 : 0x3c00))
  return t
}

async function measure(backend, run, flops) {
  const once = async (repeats) => {
    const start = performance.now()
    const cpu = process.cpuUsage()
    for (let i = 0; i < repeats; i++) run()
    await backend.sync()
    const { user, system } = process.cpuUsage(cpu)
    return { wall: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 }
  }
  await once(1)
  const repeats = Math.max(1, Math.round(0.4 / (await once(1)).wall))
  const rates = { wall: 0, cpu: 0 }
  for (let spent = 0; spent < seconds;) {
    const time = await once(repeats)
    spent += time.wall
    for (const clock of ['wall', 'cpu']) rates[clock] = Math.max(rates[clock], (flops * repeats) / time[clock] / 1e9)
  }
  return rates
}

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '1' }, json: { type: 'boolean' } },
})

/** Every product of this process's device: its rates, the small-subgroup kernels' and the portable ones'. */
async function measureAll() {
  const results = []
  for (const products of ['auto', 'portable']) {
    const backend = await openWebGpu({ products })
    const shown = backend.info.details.products
    if (products === 'portable' && results.some((r) => r.products === shown)) break
    for (const [m, k, n] of shapes)
      for (const dtype of ['f32', 'bf16'])
        for (const [name, call] of Object.entries(kernels)) {
          if (dtype === 'bf16' && name === 'linearBackwardWeight') continue
          const t = {
            input: tensor(backend, 'f32', [m, k]),
            weight: tensor(backend, dtype, [n, k]),
            out: tensor(backend, 'f32', [m, n]),
          }
          const rates = await measure(backend, () => call(backend.kernels, t), 2 * m * n * k)
          for (const x of Object.values(t)) backend.release(x)
          const shape = `${m}×${k}×${n}`
          const { description } = backend.info
          results.push({
            description,
            products: shown,
            kernel: name,
            shape,
            dtype,
            gflops: rates.wall,
            perCpu: rates.cpu,
          })
        }
    await backend.close()
  }
  return results
}

function measureApart(runs) {
  const args = [...process.execArgv, process.argv[1], '--json']
  const all = Array.from({ length: runs }, () => JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })))
  return all[0].map((first, i) => ({
    ...first,
    gflops: median(all.map((run) => run[i].gflops)),
    perCpu: median(all.map((run) => run[i].perCpu)),
    lowest: Math.min(...all.map((run) => run[i].gflops)),
  }))
}

const runs = Number(options.runs)
const results = runs > 1 ? measureApart(runs) : await measureAll()
if (options.json) console.log(JSON.stringify(results))
else {
  console.log(`${results[0].description}, ${runs} process(es)`)
  for (const r of results) {
    const columns = [r.products.padEnd(16), r.kernel.padEnd(20), r.shape.padEnd(14), r.dtype.padEnd(5)].join(' ')
    const lowest = r.lowest === undefined ? '' : `, lowest ${r.lowest.toFixed(1)}`
    console.log(`${columns} ${r.gflops.toFixed(1)} GFLOP/s, ${r.perCpu.toFixed(1)} per CPU-second${lowest}`)
  }
}
process.exit(0)
