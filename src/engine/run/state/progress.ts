// Progress of a run, from which a killed run resumes: progress.json, and the same record inside the training state. It is
// written whole after every milestone; work that it does not mention is done again. It may come from anyone: invalid values
// are refused with a message, and unknown keys are dropped.
import * as z from 'zod'
import { join } from 'node:path'
import type { OutputKind } from '../../../plan/outputs.ts'
import {
  type BlockErrors,
  type ChosenAllocation,
  isBlockErrors,
  isChosenAllocation,
  isMovement,
  isSample,
  type Movement,
  type Sample,
} from '../../../runs/series/events.ts'
import { taskNames } from '../../../catalog/tasks/tasks.ts'
import { checkRecorded, parseJson, parseRecorded } from '../../../runs/folder/recorded.ts'
import { EngineError } from '../../errors.ts'
import { stages } from '../../../catalog/stages.ts'
import { readOwn } from '../../../system/ownFile.ts'
import { writeAtomic } from '../../../system/atomicFile.ts'

/** Most items in a list. No run writes a longer list. */
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
/** A perplexity that overflows is null on disk. */
const perplexity = z
  .number()
  .nullable()
  .transform((value) => value ?? Infinity)
const record = <T extends z.ZodType>(value: T) => z.record(text, value)

/** Hexadecimal digits only, since it becomes part of the path of a folder that is removed. */
const partialId = z.string().regex(/^[0-9a-f]{16}$/)
/** Path from the run folder to the recipe, which is above it. */
const above = z.string().regex(/^\.\.(?:[\\/]\.\.)*$/)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

const share = z.number().min(0).max(1)

const source = z.object({ role: text, name: text, bytes: count, sha256, stamp: text, seen: z.number() })

/** One character per row. */
const choices = z
  .string()
  .max(2 ** 22)
  .regex(/^[0-9a-z-]*$/)

/** One measurement: in report, progress and the note beside a saved checkpoint. */
export const evaluationShape = z.object({
  stage: z.enum(stages),
  /** Index in the recipe's `evaluate`. */
  entry: count,
  task: z.enum(taskNames),
  /** Path of the data as the recipe gives it; undefined for a task without data. */
  data: text.optional(),
  /** Column or tensor of the data, where the recipe names one. */
  field: text.optional(),
  /** The part of conversations whose tokens count, where not all do. */
  loss_on: text.optional(),
  /** Steps (retrain) or blocks (reconstruct, refit) done; only for measurements in between. */
  step: count.optional(),
  /** With `step`, of a recipe with several recoveries: the last that the measured blocks have been through. */
  recovery: count.optional(),
  seconds,
  perplexity: perplexity.optional(),
  /** Tokens behind a perplexity. */
  tokens: count.optional(),
  windows: count.optional(),
  seq_len: count.optional(),
  /** Accuracy on a zero-shot task. */
  acc: share.optional(),
  acc_norm: share.optional(),
  /** Standard error of acc; null: one row. */
  stderr: z.number().min(0).nullable().optional(),
  rows: count.optional(),
  /** The answer to each row, at the end of a stage. */
  answers: z.object({ picked: choices, gold: choices }).optional(),
  /** Continuations, one per prompt, of a task that generates. */
  samples: z.array(z.custom<Sample>(isSample)).max(few).optional(),
})

/** See plan/certificate.ts. */
export const certificateShape = z.object({
  rows: count,
  error: z.number(),
  room: share,
  rows_without_room: share,
  tokens: count.optional(),
})

export const blockShape = z.object({
  block: count,
  modules: record(
    z.object({
      sparsity: share,
      zeros: count,
      size: count,
      certificate: certificateShape.optional(),
    }),
  ),
  /** Error before and after the last recovery of this pass that changed the block. */
  error_before: measured.optional(),
  error_after: measured.optional(),
  /** Errors by each recovery of this pass, in a recipe that has several. */
  errors: z.array(z.custom<BlockErrors>(isBlockErrors)).max(few).optional(),
  seconds,
})

/** The settings of allocations that a run chose by trial, one for each pruning step. */
export const chosenShape = z.array(z.custom<ChosenAllocation>(isChosenAllocation)).max(few)

/** The state of a folder that the run writes. */
const output = {
  /** Id of the hidden sibling that the output is being written into (`partialPath`). */
  partial: partialId.nullable(),
  /** Path of the output, once it is complete. */
  saved: path.nullable(),
}

/** What a merge did to the matrices of a block, or outside the blocks. */
const merge = z.object({ recovery: count, modules: record(z.object({ norm: measured, cut: share })) })

/** How far a recovery moved each tensor of a block, or outside the blocks. */
export const movesShape = z
  .array(z.object({ recovery: count, block: count.nullable(), tensors: record(z.custom<Movement>(isMovement)) }))
  .max(few)

const device = z.object({
  device: text,
  description: text,
  details: record(z.union([text, z.number(), z.boolean()])),
})

const progress = z.object({
  version: z.literal(2),
  /** Grows with every record, so that the later of two records is known. */
  revision: count,
  /** SHA-256 of the run folder's recipe. */
  recipe: sha256,
  /** Path from the run folder to the folder of the user's recipe. Paths are shown relative to the latter. */
  base: above,
  sources: z.array(source).max(few),
  device,
  /** Bytes of events.jsonl that this record covers. */
  eventsBytes: count,
  elapsedMs: seconds,
  /** Losses of the model pruned with each setting that the recipe leaves to the run, in the order in which they are tried. */
  trialLosses: z.array(measured).max(few).default([]),
  /** The chosen settings, once all losses are known. */
  chosen: chosenShape.default([]),
  /** Blocks whose pruned (and reconstructed) weights are saved. */
  finishedBlocks: count,
  blocks: z.array(blockShape).max(few),
  /** Pruning has reordered channels. */
  reordered: z.boolean().default(false),
  /** Passes of recovery after pruning that are finished, merged and saved. */
  recoveredPasses: count,
  /** Blocks that the next pass of recovery has saved, where it works block by block. */
  walkedBlocks: count.default(0),
  /** Optimiser steps of the next pass of recovery, if it retrains, that the saved moments contain. */
  trainedSteps: count,
  /** Losses of these steps, only as many as the check for divergence needs. */
  losses: z.array(measured).max(few),
  /** What merges of adapters did, in the order of the blocks. */
  merges: z.array(merge).max(few).default([]),
  /** How far recoveries moved what they train. */
  moves: movesShape.default([]),
  trainable: z.object({ count, percent: z.number().min(0) }).nullable(),
  evaluations: z.array(evaluationShape).max(few),
  /** By phase. */
  seconds: record(seconds),
  peakMemoryMb: seconds,
  warnings: z.array(text).max(few),
  /** The place, relative to the run folder, where a resumed run saves by `--set`; it replaces the recipe's `save.to`. */
  saveTo: path.nullable(),
  // The state of the result's folder.
  ...output,
  /** The model before recovery. */
  pruned: z.object(output).default({ partial: null, saved: null }),
  /** The result as a file for llama.cpp. */
  gguf: z.object(output).default({ partial: null, saved: null }),
})

export type EvaluationResult = Readonly<z.output<typeof evaluationShape>>
export type BlockResult = Readonly<z.output<typeof blockShape>>
/** Facts that must be the same for a resumed run to end with the same bytes. */
export type RunDevice = Readonly<z.output<typeof device>>
export type BlockMoves = Readonly<z.output<typeof movesShape>[number]>
export type RunProgress = z.output<typeof progress>
export type OutputProgress = Pick<RunProgress, keyof typeof output>

export function outputProgress(progress: RunProgress, kind: OutputKind): OutputProgress {
  return kind === 'result' ? progress : progress[kind]
}

export function newProgress(
  facts: Pick<RunProgress, 'recipe' | 'base' | 'sources' | 'device' | 'warnings' | 'trainable'>,
): RunProgress {
  return {
    version: 2,
    revision: 0,
    ...facts,
    eventsBytes: 0,
    elapsedMs: 0,
    trialLosses: [],
    chosen: [],
    finishedBlocks: 0,
    blocks: [],
    reordered: false,
    recoveredPasses: 0,
    walkedBlocks: 0,
    trainedSteps: 0,
    losses: [],
    merges: [],
    moves: [],
    evaluations: [],
    seconds: {},
    peakMemoryMb: 0,
    partial: null,
    saveTo: null,
    saved: null,
    pruned: { partial: null, saved: null },
    gguf: { partial: null, saved: null },
  }
}

/** @throws EngineError 'bad-data' that names the file and the first thing that is wrong in it. */
export function parseProgress(json: string, file: string): RunProgress {
  const given = parseJson(json, file)
  if (typeof given === 'object' && given !== null && 'version' in given && given.version !== 2)
    throw new EngineError('bad-data', `${file} was written by another version; start a new run`)
  return checkRecorded(progress, given, file)
}

const report = z.object({ status: z.enum(['done', 'failed', 'cancelled']) })

/** The status that a report ends a run with. @throws EngineError 'bad-data'. */
export function parseReportStatus(json: string, file: string): z.infer<typeof report>['status'] {
  return parseRecorded(report, json, file).status
}

// The record of a run's progress on disk.
export const progressFile = 'progress.json'

/** Durable when it returns. @throws EngineError 'disk'. */
export async function saveProgress(state: string, progress: RunProgress): Promise<void> {
  const text = `${JSON.stringify(progress, null, 1)}\n`
  await writeAtomic(join(state, progressFile), [text])
}

/** @throws EngineError 'not-found' when the folder holds no run that can be resumed, 'bad-data' when it is damaged. */
export async function loadProgress(state: string): Promise<RunProgress> {
  const path = join(state, progressFile)
  return parseProgress(await readOwn(path), path)
}
