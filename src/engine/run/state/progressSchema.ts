// The shape of progress.json, and of the same record inside the training state. It may come from anyone: what does not
// fit is refused in a sentence, and what is not named here is dropped.
import * as z from 'zod'
import { taskNames } from '../../../shared/tasks/tasks.ts'
import { checkRecorded, parseJson, parseRecorded } from '../../../runs/folder/recorded.ts'
import { EngineError } from '../../errors.ts'
import type { RunProgress } from './progress.ts'

/** A record larger than any run writes is an attack, not a long run. */
const few = 1e6
const count = z.int().min(0)
const seconds = z.number().min(0)
const text = z.string().max(2 ** 16)
const path = z
  .string()
  .min(1)
  .max(2 ** 12)
  .refine((value) => !value.includes('\0'), { error: 'a path has a NUL in it' })
/** JSON has no infinity and no NaN: such a measurement is null on disk. */
const measured = z
  .number()
  .nullable()
  .transform((value) => value ?? NaN)
const record = <T extends z.ZodType>(value: T) => z.record(text, value)

/** A name that cannot lead anywhere: it becomes a part of a path whose folder is removed. */
const partialId = z.string().regex(/^[0-9a-f]{16}$/)
/** Path from the run folder to the recipe, which lies above it. */
const above = z.string().regex(/^\.\.(?:[\\/]\.\.)*$/)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

const share = z.number().min(0).max(1)

const source = z.object({ role: text, name: text, bytes: count, sha256, stamp: text, seen: z.number() })

const long = z.string().max(2 ** 22)
const sample = z.object({
  prompt: long,
  text: long,
  tokens: z.array(count).max(few),
  ends: z.array(count).max(few),
})

/** One measurement: of report, progress and the note beside a saved checkpoint. */
export const evaluationShape = z.object({
  stage: z.enum(['dense', 'pruned', 'recovered']),
  entry: count,
  task: z.enum(taskNames),
  data: text.optional(),
  step: count.optional(),
  recovery: count.optional(),
  seconds,
  perplexity: measured.optional(),
  tokens: count.optional(),
  windows: count.optional(),
  seq_len: count.optional(),
  acc: share.optional(),
  acc_norm: share.optional(),
  stderr: z.number().min(0).nullable().optional(),
  rows: count.optional(),
  samples: z.array(sample).max(few).optional(),
})

/** Result of a block. */
export const blockShape = z.object({
  block: count,
  modules: record(z.object({ sparsity: z.number().min(0).max(1), zeros: count, size: count })),
  error_before: measured.optional(),
  error_after: measured.optional(),
  errors: z
    .array(z.object({ recovery: count, error_before: measured, error_after: measured }))
    .max(few)
    .optional(),
  seconds,
})

const output = { partial: partialId.nullable(), saved: path.nullable() }

const progress = z.object({
  version: z.literal(2),
  revision: count,
  recipe: sha256,
  base: above,
  sources: z.array(source).max(few),
  device: z.object({
    device: text,
    description: text,
    details: record(z.union([text, z.number(), z.boolean()])),
  }),
  eventsBytes: count,
  elapsedMs: seconds,
  finishedBlocks: count,
  blocks: z.array(blockShape).max(few),
  recoveredPasses: count,
  walkedBlocks: count.default(0),
  trainedSteps: count,
  losses: z.array(measured).max(few),
  trainable: z.object({ count, percent: z.number().min(0) }).nullable(),
  evaluations: z.array(evaluationShape).max(few),
  seconds: record(seconds),
  peakMemoryMb: seconds,
  warnings: z.array(text).max(few),
  saveTo: path.nullable(),
  ...output,
  pruned: z.object(output).default({ partial: null, saved: null }),
})

/** @throws EngineError 'bad-data' that names the file and the first thing that is wrong in it. */
export function parseProgress(json: string, file: string): RunProgress {
  const given = parseJson(json, file)
  if (typeof given === 'object' && given !== null && 'version' in given && given.version !== 2)
    throw new EngineError('bad-data', `${file} was written by another version; start the run anew`)
  return checkRecorded(progress, given, file)
}

const report = z.object({ status: z.enum(['done', 'failed', 'cancelled']) })

/** The status that a report ends a run with. @throws EngineError 'bad-data'. */
export function parseReportStatus(json: string, file: string): z.infer<typeof report>['status'] {
  return parseRecorded(report, json, file).status
}
