// Loaded by `node --import`, this sends its process SIGINT at the moment that the environment names: as soon as a
// thread has begun to work, or when its own thread of work lets signals in for the third time (`breath`), or at the
// first such time of a run, whose work then hangs (`stuck`).
import { existsSync, readdirSync } from 'node:fs'
import threads from 'node:worker_threads'
import { syncBuiltinESMExports } from 'node:module'

const { INTERRUPT_AT: moment } = process.env
const interrupt = () => process.kill(process.pid, 'SIGINT')

threads.Worker = class extends threads.Worker {
  constructor(file, options) {
    super(file, options)
    if (String(file).includes(`/${moment}.mjs`)) this.once('online', interrupt)
  }
}
syncBuiltinESMExports()

if (moment === 'breath') {
  const { setImmediate } = globalThis
  let breaths = 0
  globalThis.setImmediate = (...args) => {
    if (++breaths === 3) interrupt()
    return setImmediate(...args)
  }
}

if (moment === 'stuck') {
  const { setImmediate } = globalThis
  const runs = '.sparsescope/runs'
  const isRunning = () =>
    existsSync(runs) && readdirSync(runs).some((name) => existsSync(`${runs}/${name}/events.jsonl`))
  let isStuck = false
  globalThis.setImmediate = (...args) => {
    if (!isStuck && isRunning()) {
      isStuck = true
      interrupt()
      // Something must keep the process alive until it is made to leave.
      setInterval(() => undefined, 1000)
    }
    return isStuck ? undefined : setImmediate(...args)
  }
}
