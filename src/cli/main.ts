// The command line: the program around its commands.
import { Command, CommanderError } from 'commander'
import { showError, usageLine } from './command.ts'
import { errnoOf, writeError } from '../system/diskErrors.ts'
import { commands } from './commands.ts'
import { version } from './version.ts'

const program = new Command('sparsescope')
  .description('See where a language model is sparse, prune it, and recover what pruning cost.')
  .version(version)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(`${usageLine('', text)}\n`) })
for (const command of commands) program.addCommand(command)

for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error) => {
    // A reader that has gone, as with `| head`, is no reason to lose a run.
    if (errnoOf(error) === 'EPIPE') return
    process.stderr.write(`sparsescope: ${writeError(error, 'the output').message}\n`)
    process.exit(1)
  })

// Errors beside a command, in a thread's or a timer's own turn, end it as its own errors do.
process.on('uncaughtException', (error) => process.exit(showError(error)))

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  // commander has printed its one line already; help and version are no mistakes.
  process.exitCode = error.exitCode === 0 ? 0 : 2
}
// Native libraries may keep threads of their own alive: leave as soon as stdout has been written.
process.exit(process.exitCode ?? 0)
