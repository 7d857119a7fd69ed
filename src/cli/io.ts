// What the command line is run in: a process of its own (main.ts), or a test.

/** What is needed of process.stdout and process.stderr. */
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
  /** Ends a command that has been told to, and has not ended by itself after so many milliseconds. */
  leaveAfter(ms: number): void
  /** Arguments of Node that run this command line in another process. */
  readonly program: readonly string[]
}
