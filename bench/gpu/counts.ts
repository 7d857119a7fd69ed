// What a GPU would wait for, counted without one: dispatches, submits, waits, bytes over the bus, host time, and arithmetic and
// bytes of the kernels, of shapes of 30 B parameters on a software device whose kernels are empty (counting/stubbed.ts).
//   node esbuild.mjs webgpuWorker; npx tsx bench/gpu/counts.ts [--work NAME]…     writes bench/gpu/counts/NAME.json
// `npm run generate` makes the tables of docs/performance.md of them. Host time is processor time of both threads, from a run of
// its own that notes nothing of the kernels. Linux only.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { likeKernels, type WorkCounts } from './counting/likeKernels.ts'
import { openStubbed, type Counted } from './counting/stubbed.ts'
import { works } from './counting/works.ts'

const folder = join(import.meta.dirname, 'counts')
mkdirSync(folder, { recursive: true })
const { values } = parseArgs({ options: { work: { type: 'string', multiple: true } } })

const counted = async (name: string, kernels: boolean): Promise<Counted> => {
  const gpu = await openStubbed(kernels)
  const { count, part } = works[name]
  try {
    return await (kernels ? count : (part ?? count))(gpu)
  } finally {
    await gpu.close()
  }
}

for (const name of values.work ?? Object.keys(works)) {
  const { counts, kernels } = await counted(name, true)
  const timed = (await counted(name, false)).counts
  const share = works[name].part ? counts.dispatches / timed.dispatches : 1
  const { dispatches, submits, waits, bytesUp, bytesDown, parameterBytes } = counts
  const round = (value: number) => Math.round(10 * value) / 10
  const found: WorkCounts = {
    ...{ name: works[name].name, of: works[name].of, blocks: works[name].blocks },
    ...{ dispatches, submits, waits, bytesUp, bytesDown, parameterBytes },
    ...{ mainMs: round(share * timed.mainMs), gpuThreadMs: round(share * (timed.threadMs - timed.waitMs)) },
    kernels: likeKernels(kernels),
  }
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(found)}\n`)
  console.log(name, JSON.stringify({ ...found, kernels: found.kernels.length }))
}
process.exit(0)
