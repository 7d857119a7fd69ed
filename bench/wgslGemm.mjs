// GFLOP/s of the WGSL matrix products on the adapter of this machine, through the backend.
// A software adapter computes on the CPU: its rate per CPU-second tells more than the wall's on a machine that is shared.
// Run: node --import tsx bench/wgslGemm.mjs [--json]
import { openWebGpu } from '../src/engine/compute/webgpu/backend.ts'
import { hostArray } from '../src/engine/dtype.ts'

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

const json = process.argv.includes('--json')
const results = []
for (const products of ['auto', 'portable']) {
  const backend = await openWebGpu({ products })
  if (!json && products === 'auto') console.log(backend.info.description)
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
        results.push({ products: shown, kernel: name, shape, dtype, gflops: rates.wall, gflopsPerCpuSecond: rates.cpu })
        const columns = [shown.padEnd(16), name.padEnd(20), shape.padEnd(14), dtype.padEnd(5)].join(' ')
        if (!json) console.log(`${columns} ${rates.wall.toFixed(1)} GFLOP/s, ${rates.cpu.toFixed(1)} per CPU-second`)
      }
  await backend.close()
}
if (json) console.log(JSON.stringify(results))
process.exit(0)
