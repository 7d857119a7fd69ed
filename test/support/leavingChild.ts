// Runs the named recipe, gets a signal to end at its first step, and exits before the run can end by itself.
import { openCpu } from '../../src/engine/compute/cpu/open.ts'
import { run } from './runs.ts'

const backend = await openCpu({ threads: 1 })
const abort = new AbortController()
const onEvent = ({ type }: { type: string }) => {
  if (type !== 'step') return
  abort.abort()
  process.exit(130)
}
await run(backend, { recipe: process.argv[2], signal: abort.signal, onEvent })
