// The environment of the command line: that of a process (main.ts), or one that a test provides.
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
  /** Ends the process if a cancelled command has not ended by itself after `ms` milliseconds. */
  leaveAfter(ms: number): void
  /** Sets the message that `leaveAfter` prints when it ends the process; default: that the command is cancelled. */
  sayOnLeaving(message: string): void
  /** Arguments of Node that run this command line in another process. */
  readonly program: readonly string[]
  /** Starts `sweep run` for one run, in a child process that ends with this one. */
  startRun(args: readonly string[]): StartedRun
}

type Style = Parameters<typeof styleText>[0]

/** Prefixes of lines that are coloured. */
const beginnings: readonly (readonly [begin: string, style: Style])[] = [
  ['warning:', 'yellow'],
  ['sparsescope:', 'red'],
]

/** Colours the prefix of a line without control characters: only on a terminal, and never if NO_COLOR is set (no-color.org). */
export function coloured(line: string, { isTTY }: Output, env: NodeJS.ProcessEnv = process.env): string {
  const known = beginnings.find(([begin]) => line.startsWith(begin))
  if (!known || !isTTY || env.NO_COLOR || env.TERM === 'dumb') return line
  const [begin, style] = known
  return styleText(style, begin, { validateStream: false }) + line.slice(begin.length)
}

/** Starts a run of a sweep in a child process. `program`: arguments of Node for the command line; `args` name the run. */
export function startRun(program: readonly string[], args: readonly string[]): StartedRun {
  return spawn(process.execPath, [...program, ...args, '--child'], {
    // The child has its own process group: on Ctrl-C it gets one signal, from this process, and none from the terminal.
    detached: process.platform !== 'win32',
    windowsHide: true,
    // The child sees the channel close when this process has ended.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
}
