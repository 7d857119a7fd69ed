// The commands of the command line, in the order in which --help lists them.
import type { Command } from 'commander'
import { analyseCommand } from './analyse.ts'
import { compareCommand } from './compare.ts'
import { convertCommand, expandCommand } from './convert.ts'
import { demoCommand } from './demo.ts'
import { doctorCommand } from './doctor.ts'
import { evaluateCommand } from './evaluate.ts'
import { forwardCommand } from './forward.ts'
import { generateCommand } from './generate.ts'
import { inspectCommand } from './inspect.ts'
import { lintCommand } from './lint.ts'
import { pullCommand } from './pull.ts'
import { pushCommand } from './push.ts'
import { pruneCommand } from './prune.ts'
import { reportCommand } from './report.ts'
import { runCommand } from './run.ts'
import { schemaCommand } from './schema.ts'
import { sweepCommand } from './sweep.ts'

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
  pullCommand,
  pushCommand,
  convertCommand,
  expandCommand,
  doctorCommand,
  schemaCommand,
]
