// The surroundings of the command line: those of a process (main.ts), or those that a test gives it.
import { spawn } from 'node:child_process'
import { styleText } from 'node:util'
import type { StartedRun } from '../engine/sweep/localPool.ts'

/** The part of process.stdout and process.stderr that commands use. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string, written?: () => void): unknown
}

export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  /** Fires when the command is to end: on Ctrl-C (SIGINT) and SIGTERM. */
  readonly signal: AbortSignal
  /** Asks the user a yes-or-no question; absent without a terminal. */
  readonly confirm?: (question: string, signal: AbortSignal) => Promise<boolean>
  /** Ends a command that was cancelled and has not ended by itself after so many milliseconds. */
  leaveAfter(ms: number): void
  /** The message when a command is ended this way; default: that it is cancelled. */
  sayOnLeaving(message: string): void
  /** These arguments of Node run this command line in another process. */
  readonly program: readonly string[]
  /** Starts `sweep run` of one run, beside this command and not outliving it. */
  startRun(args: readonly string[]): StartedRun
}

type Style = Parameters<typeof styleText>[0]

/** What a line begins with, coloured by its meaning; `line` has no control characters of its own. */
const beginnings: readonly (readonly [begin: string, style: Style])[] = [
  ['warning:', 'yellow'],
  ['sparsescope:', 'red'],
]

/** Colour for people: only on a terminal, and never where NO_COLOR is set (no-color.org). */
export function coloured(line: string, { isTTY }: Output, env: NodeJS.ProcessEnv = process.env): string {
  const known = beginnings.find(([begin]) => line.startsWith(begin))
  if (!known || !isTTY || env.NO_COLOR || env.TERM === 'dumb') return line
  const [begin, style] = known
  return styleText(style, begin, { validateStream: false }) + line.slice(begin.length)
}

/** A run of a sweep as a process of its own: the command line `program` (arguments of Node) with `args`, which name one run. */
export function startRun(program: readonly string[], args: readonly string[]): StartedRun {
  return spawn(process.execPath, [...program, ...args, '--child'], {
    // A group of its own: Ctrl-C on a terminal reaches it through this process, once.
    detached: process.platform !== 'win32',
    windowsHide: true,
    // When the channel closes, this process is gone.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
}
