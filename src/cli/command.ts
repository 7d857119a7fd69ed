// What every command shares: options, output, progress, errors, cancellation.
import { Command, Option } from 'commander'
import { SingleBar } from 'cli-progress'
import { EngineError, exitCodeOf } from '../engine/errors.ts'

export interface CommonOptions {
  json?: boolean
  device: 'auto' | 'cpu' | 'wgpu'
  adapter?: string
}

/** What a command gets besides its arguments. */
export interface Context {
  /** Fires on Ctrl-C (SIGINT) and SIGTERM. */
  signal: AbortSignal
  /** A line for people: stdout, or stderr with --json. */
  say: (line: string) => void
  /** Progress on stderr: a bar on a terminal, plain lines elsewhere. */
  progress: (label: string, done: number, total: number, detail?: string) => void
}

/** What a command returns: printed as one JSON object with --json; `exitCode` 3 means findings. */
export interface Outcome {
  json: unknown
  /** For people, when --json is off and the command has not said it already. */
  text?: string
  exitCode?: 0 | 3
}

/** A new command with the options that all have; `examples` are shown by --help. */
export function command(name: string, description: string, examples: string[]): Command {
  return new Command(name)
    .description(description)
    .option('--json', 'one JSON object on stdout, progress on stderr')
    .addOption(new Option('--device <device>', 'where to compute').choices(['auto', 'cpu', 'wgpu']).default('auto'))
    .option('--adapter <name>', 'which GPU, by a part of its name (doctor lists them)')
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
  return `sparsescope: ${message}; see ${['sparsescope', ...name.split(' '), '--help'].filter(Boolean).join(' ')}`
}

/** Wraps a command's body: prints its outcome, turns errors into one line and the contract's exit codes. */
export function runs<A extends unknown[]>(
  body: (context: Context, ...args: A) => Promise<Outcome>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    const options = args.find((a): a is A[number] & CommonOptions => isOptions(a))
    const json = options?.json === true
    const abort = new AbortController()
    const stop = () => {
      abort.abort()
      // The engine checks the signal between kernels; if it is stuck in a long one, leave anyway. Outputs are
      // temporary siblings until renamed, so nothing half-written stays under its final name.
      setTimeout(() => process.exit(130), 500).unref()
    }
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
    const bar = createProgress()
    try {
      if (options?.device === 'cpu' && options.adapter)
        throw new EngineError('usage', '--adapter names a GPU, and --device cpu uses none: leave one of them out')
      const outcome = await body(
        {
          signal: abort.signal,
          say: (line) => (json ? process.stderr : process.stdout).write(`${line}\n`),
          progress: bar.update,
        },
        ...args,
      )
      bar.stop()
      if (json) await print(`${JSON.stringify(outcome.json)}\n`)
      else if (outcome.text !== undefined) await print(`${outcome.text}\n`)
      process.exitCode = outcome.exitCode ?? 0
    } catch (error) {
      bar.stop()
      process.stderr.write(`${describe(error)}\n`)
      process.exitCode = abort.signal.aborted ? 130 : exitCodeOf(error)
    }
  }
}

function isOptions(value: unknown): value is CommonOptions {
  return typeof value === 'object' && value !== null && 'device' in value
}

function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()))
}

/** One line for people; a stack only for our own mistakes. */
function describe(error: unknown): string {
  if (error instanceof EngineError && error.code !== 'internal') return `sparsescope: ${error.message}`
  return `sparsescope: internal error, please report it: ${error instanceof Error ? error.stack : String(error)}`
}

function createProgress(): { update: Context['progress']; stop: () => void } {
  const terminal = process.stderr.isTTY
  let bar: SingleBar | null = null
  let current = ''
  let lastLine = 0
  return {
    update(label, done, total, detail = '') {
      if (!terminal) {
        const now = Date.now()
        if (label === current && done < total && now - lastLine < 5000) return
        lastLine = now
        current = label
        process.stderr.write(`${label} ${done}/${total}${detail ? ` ${detail}` : ''}\n`)
        return
      }
      if (label !== current) {
        bar?.stop()
        bar = new SingleBar({
          format: '{label} {bar} {value}/{total} {detail}',
          hideCursor: true,
          stream: process.stderr,
        })
        bar.start(total, done, { label, detail })
        current = label
      }
      bar?.setTotal(total)
      bar?.update(done, { label, detail })
    },
    stop() {
      bar?.stop()
      bar = null
      current = ''
    },
  }
}
