// `sweep`: what varies between the runs of a recipe.
import * as z from 'zod'
import { parseByteSize } from '../formatting/numbers.ts'
import { described } from './settings/row.ts'
import { nameOf, type NamedSettings } from './sweep/settings.ts'

const cases = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(200).meta(described('Name of the run, and the suffix of its `save.to`.')),
      set: z.record(z.string().min(1), z.unknown()).meta({
        ...described('Paths of settings and their values in this run.'),
        examples: [{ 'prune.0.method': 'wanda' }],
      }),
    }),
  )
  .min(1)
  .meta(described('The runs one by one, in place of combinations.'))

/** A name of the cluster's: nothing that begins like an option. */
const word = z.string().regex(/^[A-Za-z0-9_][\w.,:&|=@+-]*$/, { error: 'expected a name of the cluster' })
const few = z.int().min(1).max(10_000)

/** A key that may be left out. */
const optional = <T extends z.ZodType>(type: T, text: string, more: object = {}) =>
  z.optional(type.meta({ ...described(text), ...more }))

export const slurmSchema = z
  .strictObject({
    partition: optional(word, '`--partition`.'),
    account: optional(word, '`--account`.'),
    qos: optional(word, '`--qos`.'),
    constraint: optional(word, '`--constraint`.'),
    time: optional(
      z.string().regex(/^\d+(-\d+)?(:\d+){0,2}$/, { error: 'expected a time such as 02:00:00 or 1-12' }),
      '`--time` of each run. A minute before its end the run stops; `sweep run` continues it.',
    ),
    memory: optional(
      z.string().refine((text) => (parseByteSize(text) ?? 0) > 0, { error: 'expected a size such as 32GB' }),
      '`--mem` of each run, which plans with four fifths of it.',
      { examples: ['32GB'] },
    ),
    cpus: optional(few, '`--cpus-per-task`, and threads of each run.', { default: 1 }),
    gpus: optional(few, 'GPUs of each run, by `--gres`.'),
    at_a_time: optional(few, 'Most runs at a time; all by default.'),
  })
  .meta(described('What `--engine slurm` requests: a job array with one run per task.'))

export type SlurmOptions = z.infer<typeof slurmSchema>

export const sweepSchema = z
  .object({ cases: cases.optional(), slurm: slurmSchema.optional() })
  .catchall(z.array(z.unknown()).min(1))

export type Sweep = z.infer<typeof sweepSchema>

/** Keys of `sweep` that are no paths of settings. */
export const sweepWords: readonly string[] = ['cases', 'slurm']

/** The lists of a sweep by path, in the order written. */
export function sweptPaths(sweep: Sweep): [path: string, values: readonly unknown[]][] {
  return Object.entries(sweep).filter(([path]) => !sweepWords.includes(path)) as [string, readonly unknown[]][]
}

export function countRuns(sweep: Sweep): number {
  if (sweep.cases) return sweep.cases.length
  const lists = sweptPaths(sweep)
  return lists.length === 0 ? 0 : lists.reduce((count, [, values]) => count * values.length, 1)
}

/** The cases, or the product of the lists, in which the last list varies fastest. Only for a sweep of at most `mostRuns`. */
export function settingsOfRuns(sweep: Sweep): NamedSettings[] {
  if (sweep.cases) return sweep.cases.map(({ name, set }) => ({ name, settings: set }))
  const lists = sweptPaths(sweep)
  if (lists.length === 0) return []
  const product = lists.reduce<[string, unknown][][]>(
    (runs, [path, values]) =>
      runs.flatMap((run) => values.map((value) => [...run, [path, value] as [string, unknown]])),
    [[]],
  )
  return product.map((pairs) => ({ name: nameOf(pairs), settings: Object.fromEntries(pairs) }))
}
