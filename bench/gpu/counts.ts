// What a GPU would wait for, counted without one: dispatches, submits, waits, bytes over the bus, host time, and arithmetic and
// bytes of the kernels, of shapes of 30 B parameters on a software device whose kernels are empty (counting/stubbed.ts).
//   node esbuild.mjs webgpuWorker; npx tsx bench/gpu/counts.ts [--work NAME]… [--timed]     writes bench/gpu/counts/NAME.json
// `npm run generate` makes the tables of docs/performance.md of them. Host time is processor time of each thread, the median of three
// runs that note nothing of the kernels. --timed tells it anew, and keeps the rest. Linux only.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { likeKernels, type WorkCounts } from './counting/likeKernels.ts'
import { openStubbed, type Counted } from './counting/stubbed.ts'
import { works } from './counting/works.ts'

const folder = join(import.meta.dirname, 'counts')
mkdirSync(folder, { recursive: true })
const { values } = parseArgs({
  options: { work: { type: 'string', multiple: true }, timed: { type: 'boolean', default: false } },
})
const repetitions = 3
const fileOf = (name: string) => join(folder, `${name}.json`)

async function counted(name: string, kernels: boolean): Promise<Counted> {
  const gpu = await openStubbed(kernels)
  const { count, part } = works[name]
  try {
    return await (kernels ? count : (part ?? count))(gpu)
  } finally {
    await gpu.close()
  }
}

type Asked = Omit<WorkCounts, 'mainMs' | 'gpuThreadMs'>

async function askedOf(name: string): Promise<Asked> {
  const { counts, kernels } = await counted(name, true)
  const { dispatches, submits, waits, bytesUp, bytesDown, parameterBytes } = counts
  return {
    ...{ name: works[name].name, of: works[name].of, blocks: works[name].blocks },
    ...{ dispatches, submits, waits, bytesUp, bytesDown, parameterBytes },
    kernels: likeKernels(kernels),
  }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

for (const name of values.work ?? Object.keys(works)) {
  const asked = values.timed ? (JSON.parse(readFileSync(fileOf(name), 'utf8')) as WorkCounts) : await askedOf(name)
  const times: Counted['counts'][] = []
  for (let i = 0; i < repetitions; i++) times.push((await counted(name, false)).counts)
  const share = works[name].part ? asked.dispatches / times[0].dispatches : 1
  const host = (of: (counts: Counted['counts']) => number) => Math.round(10 * share * median(times.map(of))) / 10
  const { kernels, ...rest } = asked
  const found: WorkCounts = {
    ...rest,
    mainMs: host((counts) => counts.mainMs),
    gpuThreadMs: host((counts) => counts.threadMs - counts.waitMs),
    kernels,
  }
  writeFileSync(fileOf(name), `${JSON.stringify(found)}\n`)
  console.log(name, JSON.stringify({ ...found, kernels: kernels.length }))
}
process.exit(0)
