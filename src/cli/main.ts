// The command line as a process: its streams, its signals, its exit code.
import { writeSync } from 'node:fs'
import { printableLine } from '../formatting/printable.ts'
import { errnoOf, writeError } from '../system/diskErrors.ts'
import { showError } from './command.ts'
import { run } from './program.ts'
import { startRun } from './sweep/startRun.ts'
import { confirm } from './terminal/confirm.ts'

for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error) => {
    // A reader that has gone, as with `| head`, is no reason to lose a run.
    if (errnoOf(error) === 'EPIPE') return
    process.stderr.write(`sparsescope: ${writeError(error, 'the output').message}\n`)
    process.exit(1)
  })

// Errors beside a command, in a thread's or a timer's own turn, end it as its own errors do.
process.on('uncaughtException', (error) => process.exit(showError(error, process.stderr)))

const abort = new AbortController()
const stop = () => abort.abort()
process.once('SIGINT', stop)
// A job array's task may get it twice: from the scheduler, and from its script.
process.on('SIGTERM', stop)

let lastWord = 'cancelled'

/** Without a word it would look like a crash. It is said last, below what the screen leaves, and after a run has said how to go on. */
function leave(): void {
  process.once('exit', () => writeSync(2, `${printableLine(`sparsescope: ${lastWord}`)}\n`))
  process.exit(130)
}

const program = [...process.execArgv, process.argv[1]]
const exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  signal: abort.signal,
  ...(process.stdin.isTTY && process.stderr.isTTY && { confirm }),
  // Outputs are temporary siblings until renamed, so nothing half-written stays under its final name.
  leaveAfter: (ms) => void setTimeout(leave, ms).unref(),
  sayOnLeaving: (message) => void (lastWord = message),
  program,
  startRun: (args) => startRun(program, args),
})
// Native libraries may keep threads of their own alive: leave as soon as stdout has been written.
process.exit(exitCode)
