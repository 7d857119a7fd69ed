// Errors of blocks: what a recovery left of each, which blocks are far above the others, and the loss of the steps that fit each block.
import type { RunPicture } from './foldRun.ts'
import { largest } from '../../formatting/lists.ts'
import { type Point, spreadOf } from './smooth.ts'

export interface BlockError {
  readonly block: number
  /** Mean squared errors of its outputs against the dense ones. null: not known, or not a number. */
  readonly before: number | null
  readonly after: number | null
  /** after / before. */
  readonly left: number | null
  /** Far above the other blocks, or worse than before. */
  readonly outlier: boolean
}

/** A normal distribution has one value in seven hundred further above its median. */
const farAbove = 3
/** σ of a normal distribution over its median absolute deviation. */
const madToSigma = 1.4826
/** Blocks that differ by less than this share are alike, however close the others are. */
const least = 0.1

/** Recoveries, by their index, that have errors of blocks. */
export function recoveriesWithErrors({ blocks }: Pick<RunPicture, 'blocks'>): number[] {
  return [...new Set([...blocks.values()].flatMap(({ errors }) => [...errors.keys()]))].sort((a, b) => a - b)
}

/** A row for every block of the model, those that are not done with nulls. */
export function blockErrors(
  { blocks, numBlocks }: Pick<RunPicture, 'blocks' | 'numBlocks'>,
  recovery: number,
): BlockError[] {
  const count = Math.max(numBlocks, ...[...blocks.keys()].map((block) => block + 1))
  const found = Array.from({ length: count }, (_, block) => {
    const { before = null, after = null } = blocks.get(block)?.errors.get(recovery) ?? {}
    const left = before !== null && after !== null && before > 0 ? after / before : null
    return { block, before, after, left }
  })
  const values = found.flatMap(({ left }) => left ?? [])
  const middle = median(values)
  const spread = madToSigma * median(values.map((value) => Math.abs(value - middle)))
  const limit = middle + Math.max(farAbove * spread, least)
  // Three values have no outlier among them.
  const enough = values.length > 3
  return found.map((one) => ({ ...one, outlier: one.left !== null && (one.left > 1 || (enough && one.left > limit)) }))
}

/** Mean share of the error that is left, over the blocks that have one; null: no block has. */
export function errorLeft(errors: readonly BlockError[]): number | null {
  const values = errors.flatMap(({ left }) => left ?? [])
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}

const median = (values: readonly number[]): number => spreadOf(values)?.median ?? NaN

// The loss of the steps that fit each block, by block and by step.

/** Steps [from, to] of a column. */
export interface StepRange {
  readonly from: number
  readonly to: number
}

export interface ErrorSteps {
  readonly blocks: readonly number[]
  /** Which of them have taken a step. */
  readonly begun: readonly boolean[]
  readonly columns: readonly StepRange[]
  /** Row-major; null without a step, or without a number. */
  readonly cells: readonly (ErrorCell | null)[]
}

export interface ErrorCell {
  /** Mean squared error, the mean of the steps. */
  readonly loss: number
  /** The loss over the block's error before recovery. */
  readonly ratio: number
}

/** More columns than this say nothing more, and names of them would not fit. */
const mostColumns = 40

/** Recoveries that fitted blocks step by step, by their index in the recipe. */
export function recoveriesWithSteps({ blockLoss }: Pick<RunPicture, 'blockLoss'>): number[] {
  return [...blockLoss.keys()].sort((a, b) => a - b)
}

/** Relative to each block's own error before, or, until that is known, to its first step. */
export function errorSteps(picture: RunPicture, recovery: number): ErrorSteps {
  const curves = picture.blockLoss.get(recovery) ?? new Map<number, Point[]>()
  const columns = columnsOf(largest(curves.values(), 0, lastStep))
  const blocks = rowsOf(picture, curves.keys())
  const cells = blocks.flatMap((block) => {
    const points = curves.get(block) ?? []
    const before = picture.blocks.get(block)?.errors.get(recovery)?.before ?? points.find(({ y }) => y !== null)?.y ?? 0
    return columns.map((column) => cellOf(meanOf(points, column), before))
  })
  const begun = blocks.map((block) => (curves.get(block)?.length ?? 0) > 0)
  return { blocks, begun, columns, cells }
}

function cellOf(loss: number | null, before: number): ErrorCell | null {
  return loss === null || !(before > 0) ? null : { loss, ratio: loss / before }
}

function rowsOf({ numBlocks }: RunPicture, seen: Iterable<number>): number[] {
  const last = largest(seen, -1, (block) => block) + 1
  return Array.from({ length: Math.max(numBlocks, last) }, (_, block) => block)
}

const lastStep = (points: readonly Point[]) => points.at(-1)?.x ?? 0

function columnsOf(steps: number): StepRange[] {
  const count = Math.min(mostColumns, steps)
  return Array.from({ length: count }, (_, i) => {
    return { from: Math.floor((steps * i) / count) + 1, to: Math.floor((steps * (i + 1)) / count) }
  })
}

function meanOf(points: readonly Point[], { from, to }: StepRange): number | null {
  const values = points.flatMap(({ x, y }) => (x >= from && x <= to && y !== null ? [y] : []))
  return values.length > 0 ? values.reduce((sum, y) => sum + y, 0) / values.length : null
}
