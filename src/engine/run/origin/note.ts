// Reads sparsescope.json beside a saved checkpoint, which says how it was made. Anybody may have written it.
import { basename, join, resolve } from 'node:path'
import { recipeSchema } from '../../../recipe/schema.ts'
import { maxNoteBytes, noteName, modelLabel } from '../../../catalog/formats/checkpointFormats.ts'
import { isOfWhole } from '../../../catalog/families/textModel.ts'
import {
  type ResolvedEvaluation,
  type ResolvedPruneStep,
  type ResolvedRecipe,
  type ResolvedRecover,
  resolveRecipe,
  swapsWeights,
} from '../../../recipe/resolve.ts'
import { readSmallFile } from '../../checkpoint/regularFile.ts'
import { EngineError } from '../../errors.ts'
import { certificateShape, evaluationShape, movesShape, type BlockMoves } from '../state/progress.ts'
import { certificateSentence, sumOfCertificates, type MatrixCertificate } from '../../../plan/certificate.ts'
import { unstructured } from '../../../recipe/defaults.ts'
import { formatAccuracy, formatShare, formatTrained, formatValue, formatWonBack } from '../../../formatting/numbers.ts'
import type { AllocationKey } from '../../../catalog/allocations/allocation.ts'
import { allocationOf } from '../../../catalog/allocations/allocations.ts'
import { methodOf } from '../../../catalog/methods/methods.ts'
import { gapWonBack, entryNames } from '../../../runs/series/texts.ts'
import { taskOf } from '../../../catalog/tasks/tasks.ts'
import { type Stage, stages } from '../../../catalog/stages.ts'
import * as z from 'zod'

const few = 1e6

const text = z.string().max(2 ** 12)
const noteSchema = z.object({
  versions: z.object({ sparsescope: text }),
  device: text,
  recipe: recipeSchema,
  trainable: z.object({ count: z.number(), percent: z.number() }).nullable(),
  evaluations: z.array(evaluationShape.omit({ seconds: true })).max(few),
  moved: movesShape.default([]),
  tensors: z.record(
    z.string(),
    z.object({
      zeros: z.int().min(0),
      sparsity: z.number().min(0).max(1),
      certificate: certificateShape.optional(),
    }),
  ),
})

export interface Note {
  /** The folder's name. */
  readonly name: string
  readonly version: string
  readonly device: string
  readonly recipe: ResolvedRecipe
  readonly trainable: { readonly count: number; readonly percent: number } | null
  /** How far its recoveries moved what they trained; empty where an earlier version wrote the note. */
  readonly moved: readonly BlockMoves[]
  /** Share of zeros by matrix, as the mask has it. */
  readonly sparsities: Readonly<Record<string, number>>
  /** The certificate of each mask, before recovery, by tensor; from a run that had the Hessians. */
  readonly certificates: Readonly<Record<string, MatrixCertificate>>
  readonly evaluations: z.output<typeof noteSchema>['evaluations']
  /** Sparsity of the matrices that were pruned; null: none was. */
  readonly sparsity: number | null
  /** The model is the text part of a model with a vision tower. */
  readonly isPart: boolean
}

/** The note of a checkpoint; null if it is missing, or is not what a run writes. */
export async function readNote(folder: string): Promise<Note | null> {
  try {
    return parseNote(await readSmallFile(join(folder, noteName), maxNoteBytes), basename(resolve(folder)))
  } catch {
    return null
  }
}

/** `name`: name of the folder. @throws EngineError 'bad-data'. */
export function parseNote(json: string, name: string): Note {
  const parsed = noteSchema.safeParse(JSON.parse(json))
  if (!parsed.success)
    throw new EngineError('bad-data', `${noteName} is not what a run writes: ${parsed.error.issues[0].message}`)
  const { versions, device, recipe, trainable, evaluations, moved, tensors } = parsed.data
  const sparsities = Object.fromEntries(Object.entries(tensors).map(([tensor, { sparsity }]) => [tensor, sparsity]))
  const certificates = Object.fromEntries(
    Object.entries(tensors).flatMap(([tensor, { certificate }]) => (certificate ? [[tensor, certificate]] : [])),
  )
  const pruned = Object.values(tensors).filter(({ sparsity }) => sparsity > 0)
  const zeros = pruned.reduce((sum, one) => sum + one.zeros, 0)
  const size = pruned.reduce((sum, one) => sum + one.zeros / one.sparsity, 0)
  const sparsity = size > 0 ? zeros / size : null
  const resolved = resolveRecipe(recipe)
  return {
    ...{
      name,
      version: versions.sparsescope,
      device,
      recipe: resolved,
      trainable,
      evaluations,
      sparsity,
      moved,
      sparsities,
      certificates,
    },
    isPart: Object.keys(tensors).some(isOfWhole),
  }
}

/** `org/name` of the Hub, from `hf:org/name[@revision]` or a place in the Hub's cache; null for any other path. */
export function hubName(model: string): string | null {
  const name = model.startsWith('hf:') ? model.slice(3).split('@')[0] : modelLabel(model)
  return /^[\w.-]+\/[\w.-]+$/.test(name) ? name : null
}

/** `Wanda, 50.00 %, swaps auto`, `SparseGPT, 2:4, channels reordered`. */
function pruningText(step: ResolvedPruneStep): string {
  const { method, pattern, sparsity, allocation: name, swaps, reorder } = step
  const how =
    pattern !== unstructured
      ? pattern
      : [sparsity]
          .flat()
          .map((one) => formatShare(one))
          .join(' to ')
  const { spread, keys } = allocationOf(name)
  const settings = Object.keys(keys).map((key) => `${key} ${step[name]?.[key as AllocationKey] ?? ''}`)
  const by = spread && pattern === unstructured ? `, allocation ${name} (${settings.join(', ')})` : ''
  const masks = `${swapsWeights(step) ? `, swaps ${swaps}` : ''}${reorder ? ', channels reordered' : ''}`
  return `${methodOf(method).title}, ${how}${by}${masks}`
}

function recoveryText({ mode, train, steps, loss }: ResolvedRecover): string {
  const on = loss ? `, ${formatShare(loss.dense)} of the loss from the dense model's logits` : ''
  return train.length > 0 ? `${mode}: ${train.join(', ')}, ${steps} steps${on}` : mode
}

/** Name and value of each fact about a checkpoint and how it was made. */
export function noteFacts({
  recipe,
  trainable,
  sparsity,
  certificates,
  version,
  device,
}: Note): [name: string, value: string][] {
  const certificate = sumOfCertificates(Object.values(certificates))
  return [
    ['made from', hubName(recipe.model) ?? recipe.model],
    ...recipe.prune.map((step): [string, string] => ['pruned', pruningText(step)]),
    ...recipe.recover.map((one): [string, string] => ['recovered', recoveryText(one)]),
    ...(sparsity === null ? [] : [['zeros in the pruned matrices', formatShare(sparsity)] as [string, string]]),
    ...(certificate ? [['masks', certificateSentence(certificate)] as [string, string]] : []),
    ...(trainable ? [['trained', formatTrained(trainable.percent)] as [string, string]] : []),
    ['by', `SparseScope ${version} on ${device}`],
  ]
}

/** The stage that the saved model has reached. */
export function lastStage({ recipe }: Note): Stage {
  return recipe.recover.length > 0 ? 'recovered' : 'pruned'
}

interface MeasuredEntry {
  readonly task: string
  /** Path of the data as the recipe gives it. */
  readonly data: string
  readonly name: string
  readonly seqLen: number | null
  /** As the recipe has it. */
  readonly evaluation: ResolvedEvaluation | undefined
  readonly stages: Partial<Record<Stage, { perplexity?: number; acc?: number; stderr?: number | null }>>
}

/** A row for each entry of `evaluate` that gives a number, with its results at the ends of the stages. */
export function measuredEntries({ evaluations, recipe }: Note): MeasuredEntry[] {
  const final = evaluations.filter(
    ({ step, perplexity, acc }) => step === undefined && (perplexity !== undefined || acc !== undefined),
  )
  const files = entryNames(
    final.map(({ entry, data = '', field, loss_on: lossOn, seq_len: seqLen = null }) => {
      return { entry, data, field, lossOn, seqLen }
    }),
  )
  const byEntry = new Map<number, MeasuredEntry>()
  for (const { entry, task, data = '', seq_len: seqLen = null, stage, perplexity, acc, stderr } of final) {
    const name = `${taskOf(task).title} on ${files.get(entry) ?? data}`
    const evaluation = recipe.evaluate.at(entry)
    const one = byEntry.get(entry) ?? { task, data, name, seqLen, evaluation, stages: {} }
    one.stages[stage] = { perplexity, acc, stderr }
    byEntry.set(entry, one)
  }
  return [...byEntry].sort(([a], [b]) => a - b).map(([, one]) => one)
}

/** A table of the results with one row for each entry. It omits stages without measurements, and "gap closed" if no text has it. */
export function resultTable(note: Note): { heads: string[]; rows: string[][] } {
  const entries = measuredEntries(note)
  const shown = stages.filter((stage) => entries.some((one) => one.stages[stage]))
  const cell = (one: MeasuredEntry['stages'][Stage]) => {
    if (!one) return '–'
    return one.acc === undefined ? formatValue(one.perplexity) : formatAccuracy(one.acc, one.stderr ?? null)
  }
  const shares = entries.map(({ stages: { dense, pruned, recovered } }) =>
    gapWonBack({ dense: dense?.perplexity, pruned: pruned?.perplexity, recovered: recovered?.perplexity }, 'low'),
  )
  const hasShares = shares.some((share) => share !== null)
  return {
    heads: ['', ...shown, ...(hasShares ? ['gap closed'] : [])],
    rows: entries.map((one, i) => [
      one.name,
      ...shown.map((stage) => cell(one.stages[stage])),
      ...(hasShares ? [shares[i] === null ? '–' : formatWonBack(shares[i])] : []),
    ]),
  }
}
