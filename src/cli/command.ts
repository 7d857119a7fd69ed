// The parts that all commands share: options, output, progress, errors, cancellation.
import { Command, Option } from 'commander'
import { EngineError, exitCodeOf } from '../engine/errors.ts'
import { explained } from '../engine/systemErrors.ts'
import { printable, printableLine } from '../shared/format/printable.ts'
import type { Progress } from './terminal/progressText.ts'
import { createScreen } from './terminal/screen.ts'

export interface CommonOptions {
  json?: boolean
  device: 'auto' | 'cpu' | 'wgpu'
  adapter?: string
  deviceMemory?: string
}

/** The context of a command beside its arguments. */
export interface Context {
  /** Fires on Ctrl-C (SIGINT) and SIGTERM. */
  signal: AbortSignal
  /** A line for people: stdout, or stderr with --json. */
  say: (line: string) => void
  /** Progress on stderr: one bar below everything on a terminal, plain lines elsewhere. */
  progress: (progress: Progress) => void
}

/** The result of a command, printed as one JSON object with --json. An `exitCode` of 3 means findings. */
export interface Outcome {
  json: unknown
  /** Text for people, when --json is off and the command has not printed it already. */
  text?: string
  exitCode?: 0 | 1 | 3 | 130
}

/** A new command with the options that all have; `examples` are shown by --help. */
export function command(name: string, description: string, examples: string[]): Command {
  return new Command(name)
    .description(description)
    .option('--json', 'one JSON object on stdout, progress on stderr')
    .addOption(new Option('--device <device>', 'where to compute').choices(['auto', 'cpu', 'wgpu']).default('auto'))
    .option('--adapter <name>', 'which GPU, by a part of its name (doctor lists them)')
    .option(
      '--device-memory <size>',
      'GPU memory to use, such as 8GB (default: all of its own, half of what it shares with the host)',
    )
    .addHelpText('after', `\nExamples:\n${examples.map((e) => `  $ sparsescope ${e}`).join('\n')}`)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`${usageLine(name, text)}\n`) })
}

/** commander's message as one line that says where to look. */
export function usageLine(name: string, text: string): string {
  const message = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '')
  return printableLine(
    `sparsescope: ${message}; see ${['sparsescope', ...name.split(' '), '--help'].filter(Boolean).join(' ')}`,
  )
}

/**
 * Wraps a command's body: prints its outcome, turns errors into one line and the contract's exit codes. After Ctrl-C the
 * body has `leaveAfterMs` to end by itself.
 */
export function runs<A extends unknown[]>(
  body: (context: Context, ...args: A) => Promise<Outcome>,
  leaveAfterMs = 500,
): (...args: A) => Promise<void> {
  return async (...args) => {
    const options = args.find((a): a is A[number] & CommonOptions => isOptions(a))
    const json = options?.json === true
    const abort = new AbortController()
    const stop = () => {
      abort.abort()
      // The engine checks the signal between kernels; if it is stuck in a long one, leave anyway. Outputs are
      // temporary siblings until renamed, so nothing half-written stays under its final name.
      setTimeout(() => process.exit(130), leaveAfterMs).unref()
    }
    process.once('SIGINT', stop)
    // A job array's task may get it twice: from the scheduler, and from its script.
    process.on('SIGTERM', stop)
    const { stdout, stderr } = process
    const screen = createScreen({ lines: json ? stderr : stdout, stderr })
    // Also when the process is made to leave while it works.
    process.once('exit', screen.end)
    try {
      if (options?.device === 'cpu' && options.adapter)
        throw new EngineError('usage', '--adapter names a GPU, and --device cpu uses none: leave one of them out')
      const { progress } = screen
      const say = (line: string) => screen.say(printableLine(line))
      const outcome = await body({ signal: abort.signal, say, progress }, ...args)
      screen.end()
      if (json) await print(`${JSON.stringify(outcome.json)}\n`)
      else if (outcome.text !== undefined) await print(`${outcome.text}\n`)
      process.exitCode = outcome.exitCode ?? 0
    } catch (error) {
      screen.end()
      const code = showError(error)
      process.exitCode = abort.signal.aborted ? 130 : code
    }
  }
}

function isOptions(value: unknown): value is CommonOptions {
  return typeof value === 'object' && value !== null && 'device' in value
}

function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(printable(text), () => resolve()))
}

/** Says what went wrong on stderr. Returns the exit code. */
export function showError(error: unknown): number {
  const { line, code } = toldOf(error)
  process.stderr.write(`${line}\n`)
  return code
}

/** One line for people, a stack only for our own mistakes; and the exit code. */
export function toldOf(error: unknown): { line: string; code: number } {
  const known = explained(error)
  const line =
    known instanceof EngineError && known.code !== 'internal'
      ? printableLine(`sparsescope: ${known.message}`)
      : printable(
          `sparsescope: internal error, please report it: ${error instanceof Error ? error.stack : String(error)}`,
        )
  return { line, code: exitCodeOf(known) }
}
