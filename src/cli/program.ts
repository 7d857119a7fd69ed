// The command line as a function of its arguments and its surroundings.
import { CommanderError } from 'commander'
import { Program, usageLine } from './command.ts'
import { commands } from './commands.ts'
import type { Io } from './io.ts'
import { version } from '../system/version.ts'

/** Runs a command line, without the name of the program; returns the exit code. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const program = new Program(io)
    .description('See where a language model is sparse, prune it, and recover what pruning cost.')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`${usageLine('', text)}\n`) })
  for (const command of commands) program.addCommand(command)
  for (const command of [program, ...commands])
    command.configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return program.exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // commander has printed its one line already; help and version are no mistakes.
    return error.exitCode === 0 ? 0 : 2
  }
}
