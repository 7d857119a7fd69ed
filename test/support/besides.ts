// The command line in another process, which runs many commands: the start of one takes longer than most of them.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { childArguments } from './children.ts'
import type { CliResult } from './cli.ts'

export interface CommandsBeside {
  /** Null: it was not over after `limitMs`, and was ended. One command at a time. */
  cliIn(folder: string, ...args: string[]): Promise<CliResult | null>
  stop(): void
}

/** The process starts with the first command, and again after one that had to be ended. */
export function commandsBeside(limitMs: number): CommandsBeside {
  let child: ChildProcess | null = null
  const start = () => {
    const command = childArguments('commandsChild')
    return fork(command.at(-1) ?? '', { execArgv: command.slice(0, -1) })
  }
  const stop = () => {
    child?.kill('SIGKILL')
    child = null
  }
  return {
    async cliIn(folder, ...args) {
      const running = (child ??= start())
      const timer = setTimeout(stop, limitMs)
      running.send({ folder, args })
      const ended = await Promise.race([once(running, 'message'), once(running, 'exit').then(() => null)])
      clearTimeout(timer)
      if (ended === null) child = null
      return ended && (ended[0] as CliResult)
    },
    stop,
  }
}
