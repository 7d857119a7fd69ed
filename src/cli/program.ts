// The command line as a function of its arguments and its surroundings.
import { type Command, CommanderError } from 'commander'
import { Program, usageLine } from './command.ts'
import { version } from '../system/version.ts'
import type { Io } from './io.ts'
import { analyseCommand } from './model/analyse.ts'
import { compareCommand } from './compare.ts'
import { convertCommand, expandCommand } from './convert.ts'
import { demoCommand } from './demo.ts'
import { doctorCommand } from './doctor/doctor.ts'
import { evaluateCommand } from './model/evaluate.ts'
import { forwardCommand } from './model/forward.ts'
import { generateCommand } from './model/generate.ts'
import { inspectCommand } from './inspect.ts'
import { lintCommand, schemaCommand } from './lint.ts'
import { mcpCommand } from './mcp/mcp.ts'
import { pullCommand } from './pull.ts'
import { pushCommand } from './push.ts'
import { pruneCommand } from './prune.ts'
import { reportCommand } from './report.ts'
import { runCommand } from './run.ts'
import { sweepCommand } from './sweep/sweep.ts'

/** In the order in which --help lists them. */
export const commands: readonly Command[] = [
  demoCommand,
  inspectCommand,
  analyseCommand,
  compareCommand,
  forwardCommand,
  evaluateCommand,
  generateCommand,
  pruneCommand,
  runCommand,
  sweepCommand,
  reportCommand,
  lintCommand,
  mcpCommand,
  pullCommand,
  pushCommand,
  convertCommand,
  expandCommand,
  doctorCommand,
  schemaCommand,
]

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
    // commander has printed its line already. --help and --version also end here, with exit code 0.
    return error.exitCode === 0 ? 0 : 2
  }
}
