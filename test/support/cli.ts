// The command line: in this process where nothing but what it does and prints is looked at, else the built one, as a person runs it.
import { spawn, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { startRun, type Io, type Output } from '../../src/cli/io.ts'
import { run } from '../../src/cli/program.ts'
import type { StartedRun } from '../../src/engine/sweep/localPool.ts'

/** The built command line: what starts processes is tested with it. @throws when it is not built. */
export const entry = fileURLToPath(new URL('../../dist/cli.mjs', import.meta.url))

export interface CliResult {
  status: number | null
  stdout: string
  stderr: string
}

/** Runs a command in this process. */
export function cli(...args: string[]): Promise<CliResult> {
  return cliIn(process.cwd(), ...args)
}

/** One at a time: they share the process's folder. */
let last: Promise<unknown> = Promise.resolve()

/** The same in a folder. */
export function cliIn(cwd: string, ...args: string[]): Promise<CliResult> {
  return cliOn(undefined, cwd, ...args)
}

/** The same with tables for a terminal of so many columns. */
export function cliOn(columns: number | undefined, cwd: string, ...args: string[]): Promise<CliResult> {
  return queued(() => runIn(cwd, args, { columns }))
}

/** The same on a terminal of so many columns: what it gets, in pieces as they are written. */
export function cliOnTerminal(
  columns: number,
  cwd: string,
  ...args: string[]
): Promise<{ status: number | null; pieces: string[] }> {
  return queued(async () => {
    const pieces: string[] = []
    const terminal: Output = {
      isTTY: true,
      columns,
      write(piece, written) {
        pieces.push(piece)
        written?.()
      },
    }
    const { status } = await runIn(cwd, args, { terminal })
    return { status, pieces }
  })
}

/** The same with these variables of the environment. */
export function cliWith(env: NodeJS.ProcessEnv, ...args: string[]): Promise<CliResult> {
  return cliInWith(process.cwd(), env, ...args)
}

/** The same in a folder. */
export function cliInWith(cwd: string, env: NodeJS.ProcessEnv, ...args: string[]): Promise<CliResult> {
  return queued(() => runIn(cwd, args, { env }))
}

/** The same in a folder; the runs of a sweep that it starts are processes of the built command line. */
export function cliOfProcesses(cwd: string, ...args: string[]): Promise<CliResult> {
  return queued(() => runIn(cwd, args, { start: (own) => startRun([entry], own) }))
}

/** The same in a folder, until the signal fires as Ctrl-C makes it fire. */
export function cliUntil(signal: AbortSignal, cwd: string, ...args: string[]): Promise<CliResult> {
  return queued(() => runIn(cwd, args, { signal }))
}

function queued<T>(command: () => Promise<T>): Promise<T> {
  const result = last.then(command)
  last = result.catch(() => undefined)
  return result
}

interface Surroundings {
  readonly columns?: number
  /** In the place of both outputs. */
  readonly terminal?: Output
  readonly env?: NodeJS.ProcessEnv
  readonly signal?: AbortSignal
  readonly start?: (args: readonly string[]) => StartedRun
}

async function runIn(
  cwd: string,
  args: readonly string[],
  { columns, terminal, env = {}, signal = new AbortController().signal, start }: Surroundings,
): Promise<CliResult> {
  const before = process.cwd()
  const kept = Object.fromEntries(Object.keys(env).map((name) => [name, process.env[name]]))
  process.chdir(cwd)
  Object.assign(process.env, env)
  try {
    const [stdout, stderr] = [collector(columns), collector()]
    const status = await run(args, surroundings(terminal ?? stdout, terminal ?? stderr, signal, start))
    return { status, stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    process.chdir(before)
    for (const [name, value] of Object.entries(kept))
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
  }
}

function surroundings(stdout: Output, stderr: Output, signal: AbortSignal, start = startHere): Io {
  return {
    stdout,
    stderr,
    signal,
    leaveAfter: () => undefined,
    sayOnLeaving: () => undefined,
    program: [entry],
    startRun: start,
  }
}

/** A run of a sweep in this process: what comes of it is on the disk, as with one of its own. */
function startHere(args: readonly string[]): StartedRun {
  const abort = new AbortController()
  const started = Object.assign(new EventEmitter(), {
    killed: false,
    kill() {
      started.killed = true
      abort.abort()
    },
  })
  void run(args, surroundings(collector(), collector(), abort.signal)).finally(() => started.emit('exit'))
  return started
}

function collector(columns?: number): Output & { text(): string } {
  let said = ''
  return {
    columns,
    write(piece, written) {
      said += piece
      written?.()
    },
    text: () => said,
  }
}

/** The one JSON object on stdout. */
export async function cliJson(...args: string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await cli(...args, '--json')
  if (status !== 0 && status !== 3) throw new Error(`exit code ${status}: ${stderr}`)
  return JSON.parse(stdout) as Record<string, unknown>
}

/** Runs a command in a process of its own beside this one; `started` gets it to send signals. */
export async function cliBeside(
  env: NodeJS.ProcessEnv,
  args: string[],
  started: (child: ChildProcess) => void = () => undefined,
): Promise<CliResult> {
  if (!existsSync(entry)) throw new Error('dist/cli.mjs is missing: run `npm run build` first')
  const child = spawn(process.execPath, [entry, ...args], { env: { ...process.env, ...env } })
  started(child)
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { status, stdout, stderr }
}
