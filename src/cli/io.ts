// The surroundings of the command line: those of a process (main.ts), or those that a test gives it.
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
  /** Asks a person, who says yes or no; absent where there is no terminal to ask on. */
  readonly confirm?: (question: string, signal: AbortSignal) => Promise<boolean>
  /** Ends a command that has been told to, and has not ended by itself after so many milliseconds. */
  leaveAfter(ms: number): void
  /** What is said of a command that is made to leave; default: that it is cancelled. */
  sayOnLeaving(message: string): void
  /** These arguments of Node run this command line in another process. */
  readonly program: readonly string[]
  /** Starts `sweep run` of one run, beside this command and not outliving it. */
  startRun(args: readonly string[]): StartedRun
}
