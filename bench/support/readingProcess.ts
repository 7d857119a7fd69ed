// What the extension host does with runs on disk, in a process of its own, whose memory can be measured: the list of runs, or a sweep
// with all of its curves. `readingProcess.ts list|sweep FOLDER` prints time, computing and the most memory.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { RunStore } from '../../src/extension/runs/runStore.ts'
import { createComparedView } from '../../src/extension/sweeps/comparedView.ts'
import { Sweeps } from '../../src/extension/sweeps/sweeps.ts'

async function list(folder: string): Promise<string> {
  const store = new RunStore()
  for (const name of readdirSync(join(folder, 'runs'))) await store.refresh(join(folder, 'runs', name))
  const states = store.list().map(({ status }) => status)
  return `${states.length} runs, ${states.filter((state) => state === 'done').length} done`
}

async function sweep(folder: string): Promise<string> {
  const sweeps = new Sweeps(() => Promise.resolve(new Set()))
  const { runs: followed } = await sweeps.openFolder(folder)
  const what = { kind: 'sweep', title: 'Sweep', about: '' } as const
  let points = 0
  const view = createComparedView({ what, followed, maxPoints: () => 2000 }, (message) => {
    if (message.type === 'curves') for (const { x } of message.parts) points += Buffer.from(x, 'base64').length / 4
  })
  view.replay()
  const groups = followed.runs.map((_, run) => [run])
  await view.watch({ type: 'watch', watch: 1, curve: 'loss', smoothing: 0.6, groups })
  view.dispose()
  sweeps.dispose()
  return `${points} points`
}

async function main(): Promise<void> {
  const [what, folder] = process.argv.slice(2)
  const before = process.resourceUsage().maxRSS
  const began = performance.now()
  const found = await (what === 'list' ? list(folder) : sweep(folder))
  const took = performance.now() - began
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  const [computed, peak, own] = [(userCPUTime + systemCPUTime) / 1e6, maxRSS / 1024, (maxRSS - before) / 1024]
  console.log(
    `  ${what}: ${found}, ${(took / 1000).toFixed(1)} s (${computed.toFixed(1)} s of processors, its start included), at most ${peak.toFixed(0)} MB, ${own.toFixed(0)} MB more than before`,
  )
  process.exit()
}

void main()
