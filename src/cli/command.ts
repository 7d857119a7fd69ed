// Parts that all commands share: options, output, progress, errors, cancellation.
import { Command, Option } from 'commander'
import { EngineError, exitCodeOf, explained } from '../engine/errors.ts'
import { printable, printableLine } from '../formatting/printable.ts'
import { coloured, type Io, type Output } from './io.ts'
import { createScreen, type Progress } from './screen.ts'

export interface CommonOptions {
  json?: boolean
  device: 'auto' | 'cpu' | 'wgpu'
  adapter?: string
  deviceMemory?: string
}

/** What a command gets in addition to its arguments. */
export interface Context {
  /** The streams and the program around the command; `signal` is its signal. */
  io: Io
  signal: AbortSignal
  /** Width of the terminal; absent where the output is not a terminal. */
  columns?: number
  /** A line for people: stdout, or stderr with --json. */
  say: (line: string) => void
  /** Progress on stderr: one bar below everything on a terminal, plain lines elsewhere. */
  progress: (progress: Progress) => void
  /** @throws EngineError 'usage' for the first of these options, such as --seq-len, that was given; `why` follows its name. */
  refuseIdle: (options: readonly string[], why: string) => void
}

/** The result of a command, printed as one JSON object with --json. An `exitCode` of 3 means findings. */
export interface Outcome {
  json: unknown
  /** Text for people, when --json is off and the command has not printed it already. */
  text?: string
  exitCode?: 0 | 1 | 3 | 130
}

/** The commands together, with the streams and signals that they use. */
export class Program extends Command {
  /** Set by the command that ran. */
  exitCode = 0

  constructor(readonly io: Io) {
    super('sparsescope')
  }
}

/** The command, which commander passes to an action as its last argument, and the program. */
function ranBy(command: unknown): { command: Command; program: Program } {
  if (command instanceof Command && command.parent instanceof Program) return { command, program: command.parent }
  throw new EngineError('internal', 'this command belongs to no program')
}

/**
 * A command that refuses empty values: an unset variable in a script gives one, and an empty path would be the current folder. It also
 * refuses a second file or folder for an option that takes one, because a user who names two expects both to be used.
 */
class OwnCommand extends Command {
  override addOption(option: Option): this {
    const name = option.attributeName()
    this.on(`option:${option.name()}`, (value: unknown) => {
      if (value === '') this.error(`error: option '${option.flags}' is empty: give a value, or remove it`)
      const before: unknown = this.getOptionValue(name)
      // Other options take the last value: scripts that wrap a command append theirs.
      if (typeof before === 'string' && /<(file|folder|model)>/.test(option.flags) && isGiven(this, name))
        this.error(`error: option '${option.flags}' is given twice, but takes one value: remove one of them`)
    })
    return super.addOption(option)
  }
}

const isGiven = (command: Command, name: string) => command.getOptionValueSource(name) === 'cli'

/** The first of these options, by their long names, that was given. @throws EngineError 'internal' for one that the command does not have. */
function firstGiven(command: Command, names: readonly string[]): string | undefined {
  return names.find((name) => {
    const option = command.options.find(({ long }) => long === name)
    if (!option) throw new EngineError('internal', `${command.name()} has no ${name}`)
    return isGiven(command, option.attributeName())
  })
}

/** A new command with the options that all commands have; --help shows `examples`. */
export function command(name: string, description: string, examples: string[]): Command {
  return new OwnCommand(name)
    .description(description)
    .option('--json', 'one JSON object on stdout, progress on stderr')
    .addOption(new Option('--device <device>', 'where to compute').choices(['auto', 'cpu', 'wgpu']).default('auto'))
    .option('--adapter <name>', 'GPU to use, by a part of its name (doctor lists them)')
    .option(
      '--device-memory <size>',
      'GPU memory to use, such as 8GB (default: all of its own, half of what it shares with the host)',
    )
    .addHelpText('after', `\nExamples:\n${examples.map((e) => `  $ sparsescope ${e}`).join('\n')}`)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`${usageLine(name, text)}\n`) })
}

/** A message of commander as one line that refers to --help. */
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
 * Wraps a command's body: prints its outcome, and turns an error into one line and an exit code (docs/cli.md). The engine checks the
 * signal between kernels; if the body has not ended `leaveAfterMs` after the signal, the process ends without it.
 */
export function runs<A extends unknown[]>(
  body: (context: Context, ...args: A) => Promise<Outcome>,
  leaveAfterMs = 500,
): (...args: A) => Promise<void> {
  return async (...args) => {
    const { command, program } = ranBy(args.at(-1))
    const { io } = program
    const { signal, stdout, stderr } = io
    const options = args.find((a): a is A[number] & CommonOptions => isOptions(a))
    const json = options?.json === true
    const leave = () => io.leaveAfter(leaveAfterMs)
    signal.addEventListener('abort', leave, { once: true })
    const lines = json ? stderr : stdout
    const screen = createScreen({ lines, stderr })
    // Also removes the bar when the process exits while the command is at work.
    process.once('exit', screen.end)
    try {
      if (command.args.includes('')) throw new EngineError('usage', 'an argument is empty: give a path or a name')
      if (options?.device === 'cpu' && options.adapter)
        throw new EngineError('usage', '--adapter names a GPU, but --device cpu does not use one: remove one of them')
      const { progress } = screen
      const say = (line: string) => screen.say(coloured(printableLine(line), lines))
      const refuseIdle = (names: readonly string[], why: string) => {
        const given = firstGiven(command, names)
        if (given !== undefined) throw new EngineError('usage', `${given} ${why}`)
      }
      const outcome = await body({ io, signal, columns: stdout.columns, say, progress, refuseIdle }, ...args)
      screen.end()
      if (json) await print(stdout, `${JSON.stringify(outcome.json)}\n`)
      else if (outcome.text !== undefined) await print(stdout, `${outcome.text}\n`)
      program.exitCode = outcome.exitCode ?? 0
    } catch (error) {
      screen.end()
      const code = showError(error, stderr)
      program.exitCode = signal.aborted ? 130 : code
    } finally {
      signal.removeEventListener('abort', leave)
      process.off('exit', screen.end)
    }
  }
}

function isOptions(value: unknown): value is CommonOptions {
  return typeof value === 'object' && value !== null && 'device' in value
}

function print(stdout: Output, text: string): Promise<void> {
  return new Promise((resolve) => stdout.write(printable(text), resolve))
}

/** Says what went wrong on stderr. Returns the exit code. */
export function showError(error: unknown, stderr: Output): number {
  const { line, code } = errorLine(error)
  stderr.write(`${coloured(line, stderr)}\n`)
  return code
}

/** One line for people, with a stack for internal errors only; and the exit code. */
export function errorLine(error: unknown): { line: string; code: number } {
  const known = explained(error)
  const line =
    known instanceof EngineError && known.code !== 'internal'
      ? printableLine(`sparsescope: ${known.message}`)
      : printable(
          `sparsescope: internal error, please report it: ${error instanceof Error ? error.stack : String(error)}`,
        )
  return { line, code: exitCodeOf(known) }
}

/** Wraps a value for `await using`, so that it is closed however the block ends. */
export function closing<T extends { close(): Promise<void> }>(value: T) {
  return { value, [Symbol.asyncDispose]: () => value.close() }
}
