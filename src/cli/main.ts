// The command line as a process: its streams, its signals, its exit code.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { printableLine } from '../formatting/printable.ts'
import { errnoOf, writeError } from '../system/diskErrors.ts'
import { showError } from './command.ts'
import { startRun } from './io.ts'
import { run } from './program.ts'
import { EngineError } from '../engine/errors.ts'

for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error) => {
    // A closed pipe, as with `| head`, must not end a run.
    if (errnoOf(error) === 'EPIPE') return
    process.stderr.write(`sparsescope: ${writeError(error, 'the output').message}\n`)
    process.exit(1)
  })

// An error outside the command's promise, as in a timer or a thread, ends the process as the command's own errors do.
process.on('uncaughtException', (error) => process.exit(showError(error, process.stderr)))

const abort = new AbortController()
const stop = () => abort.abort()
process.once('SIGINT', stop)
// A task of a job array may get SIGTERM twice: from the scheduler, and from its script.
process.on('SIGTERM', stop)

let leavingMessage = 'cancelled'

/** Ends the process with a message, since silence would look like a crash. The message comes after all output of the run. */
function leave(): void {
  process.once('exit', () => writeSync(2, `${printableLine(`sparsescope: ${leavingMessage}`)}\n`))
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
  sayOnLeaving: (message) => void (leavingMessage = message),
  program,
  startRun: (args) => startRun(program, args),
})
// Native libraries may keep threads of their own alive: leave as soon as stdout has been written.
process.exit(exitCode)

/** Asks a question on the terminal; only y and yes confirm. Questions go to stderr: stdout may be a file. @throws EngineError 'cancelled' on Ctrl-C. */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  // The terminal stays out of raw mode, in which Ctrl-C would not be a signal.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  try {
    return /^y(es)?$/i.test((await lines.question(question, { signal })).trim())
  } catch (error) {
    throw new EngineError('cancelled', 'nothing was sent', { cause: error })
  } finally {
    lines.close()
  }
}
