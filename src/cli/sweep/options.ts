import type { CommonOptions } from '../command.ts'
import type { PrecisionOptions } from '../precisionOption.ts'

/** As given on the command line. */
export interface SweepOptions extends CommonOptions, PrecisionOptions {
  set: string[]
  engine?: 'local'
  jobs?: string
  index?: string
  threads?: string
  memory?: string
}
