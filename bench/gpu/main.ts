// All of the GPU in one command, in less than ten minutes and without network: what it is, whether it computes correctly, and how fast.
//   npx tsx bench/gpu/main.ts [--small] [--adapter NAME] [--part NAME]…       (packed for a machine without npm: scripts/packGpu.sh)
// Every part is a process of its own and prints one line of JSON, so that a part that fails, hangs or loses the device affects no other.
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import type { Part } from './parts/part.ts'

/** Parts in the order of a run, with the seconds that each may take: 580 in all. Each is loaded by its own process alone. */
const parts: Readonly<Record<string, { readonly load: () => Promise<Part>; readonly seconds: number }>> = {
  doctor: { load: async () => (await import('./parts/doctor.ts')).doctor, seconds: 30 },
  goldens: { load: async () => (await import('./parts/goldens.ts')).goldens, seconds: 100 },
  gemm: { load: async () => (await import('./parts/gemm.ts')).gemm, seconds: 90 },
  steps: { load: async () => (await import('./parts/steps.ts')).steps, seconds: 100 },
  sparsegpt: { load: async () => (await import('./parts/solve.ts')).solve, seconds: 80 },
  opt30b: { load: async () => (await import('./parts/thirtyB.ts')).thirtyB, seconds: 180 },
}

const { values } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    adapter: { type: 'string' },
    part: { type: 'string', multiple: true },
    /** Set in the child process. */
    alone: { type: 'string' },
  },
})

async function runAlone(name: string): Promise<object> {
  const { openBackend } = await import('../../src/engine/compute/open.ts')
  const backend = await openBackend({ device: 'wgpu', adapter: values.adapter })
  try {
    const part = await parts[name].load()
    return await part({ backend, adapter: values.adapter, small: values.small })
  } finally {
    await backend.close()
  }
}

/** A part's line: what it found, or why it did not. Software devices are slow, so that --small waits longer. */
function runApart(name: string): object {
  const start = performance.now()
  const own = [...process.execArgv, process.argv[1], '--alone', name]
  const args = [...own, ...(values.small ? ['--small'] : []), ...(values.adapter ? ['--adapter', values.adapter] : [])]
  const timeout = 1000 * parts[name].seconds * (values.small ? 4 : 1)
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    ...{ encoding: 'utf8', timeout, maxBuffer: 1 << 26, killSignal: 'SIGKILL' },
  })
  const seconds = Math.round((performance.now() - start) / 100) / 10
  const line = stdout.trim().split('\n').pop() ?? ''
  if (status === 0 && line.startsWith('{')) return { part: name, ok: true, seconds, ...(JSON.parse(line) as object) }
  const error = signal ? `ended by ${signal} after ${seconds} s` : `ended with ${status}`
  return { part: name, ok: false, seconds, error, said: stderr.slice(-2000) }
}

if (values.alone !== undefined) {
  console.log(JSON.stringify(await runAlone(values.alone)))
  process.exit(0)
}
const unknown = values.part?.find((name) => !(name in parts))
if (unknown) {
  console.error(`bench/gpu has no part ${unknown}; it has ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}
let failed = 0
for (const name of values.part ?? Object.keys(parts)) {
  const line = runApart(name)
  if ('ok' in line && line.ok !== true) failed++
  console.log(JSON.stringify(line))
}
process.exit(failed ? 1 : 0)
