// GFLOP/s of this project's products (BLAS, WebAssembly) beside torch.matmul, all cores, in one run.
//   npx tsx bench/gemm.ts [--reps 15]
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { openCpu, type CpuOptions } from '../src/engine/compute/cpu/open.ts'
import { cleanEnvironment, machine, median, python } from './support/process.ts'

const { values } = parseArgs({ options: { reps: { type: 'string', default: '15' } } })
const reps = Number(values.reps)

/** [tokens, in, out]: OPT-125M's linears on 512 tokens, a few tokens, and a square. */
const shapes = [
  [512, 768, 3072],
  [512, 3072, 768],
  [512, 768, 768],
  [128, 768, 768],
  [1024, 1024, 1024],
]

const torchProgram = `
import json, sys, time, torch
reps, shapes = json.loads(sys.argv[1])
result = []
for n, k, m in shapes:
    x, w = torch.rand(n, k), torch.rand(m, k)
    out = torch.empty(n, m)
    times = []
    for _ in range(reps + 3):
        start = time.perf_counter()
        torch.matmul(x, w.T, out=out)
        times.append(time.perf_counter() - start)
    result.append(sorted(times[3:])[reps // 2])
print(json.dumps(result))
`

function torchSeconds(): number[] | null {
  const env = { ...cleanEnvironment(), OMP_WAIT_POLICY: 'passive' }
  const args = ['-c', torchProgram, JSON.stringify([reps, shapes])]
  const { status, stdout } = spawnSync(python, args, { env, encoding: 'utf8' })
  return status === 0 ? (JSON.parse(stdout) as number[]) : null
}

async function ourSeconds(options: CpuOptions): Promise<{ name: string; seconds: number[] }> {
  const backend = await openCpu(options)
  const seconds = shapes.map(([n, k, m]) => {
    const [x, w, out] = [
      [n, k],
      [m, k],
      [n, m],
    ].map((shape) => backend.allocate('f32', shape))
    backend.kernels.fill(x, 0.5)
    backend.kernels.fill(w, 0.25)
    const times: number[] = []
    for (let i = 0; i < reps + 3; i++) {
      const start = performance.now()
      backend.kernels.linear(out, x, w, null)
      times.push((performance.now() - start) / 1000)
    }
    for (const tensor of [x, w, out]) backend.release(tensor)
    return median(times.slice(3))
  })
  await backend.close()
  return { name: backend.info.description, seconds }
}

// BLAS picks its kernels when it loads: these two would choose slower ones.
delete process.env.OPENBLAS_CORETYPE
delete process.env.OPENBLAS_L2_SIZE
const torch = torchSeconds()
const sides = [await ourSeconds({}), await ourSeconds({ blas: 'none' })]
console.log(machine())
const rows = shapes.map(([n, k, m], i) => {
  const rate = (seconds: number) => Math.round((2 * n * k * m) / seconds / 1e9)
  return {
    'tokens × in × out': `${n} × ${k} × ${m}`,
    ...(torch ? { 'torch.matmul': rate(torch[i]) } : {}),
    ...Object.fromEntries(sides.map((side) => [side.name, rate(side.seconds[i])])),
    ...(torch ? { 'ratio to torch': Number((torch[i] / sides[0].seconds[i]).toFixed(2)) } : {}),
  }
})
console.table(rows)
if (!torch) console.log(`(no torch in ${python}: PYTHON names another one)`)
