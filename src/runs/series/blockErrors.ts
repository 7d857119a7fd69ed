// Errors of blocks: what a recovery left of each, and which blocks are far above the others.
import type { RunPicture } from './foldRun.ts'
import { spreadOf } from './smooth.ts'

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

/** Limit in σ above the median. One value in 700 of a normal distribution is above it. */
const farAbove = 3
/** σ of a normal distribution over its median absolute deviation. */
const madToSigma = 1.4826
/** Least distance of an outlier's `left` from the median, however small the spread is. */
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
  // Three values are too few to call one an outlier.
  const enough = values.length > 3
  return found.map((one) => ({ ...one, outlier: one.left !== null && (one.left > 1 || (enough && one.left > limit)) }))
}

/** Mean share of the error that is left, over the blocks that have one; null: no block has. */
export function errorLeft(errors: readonly BlockError[]): number | null {
  const values = errors.flatMap(({ left }) => left ?? [])
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}

const median = (values: readonly number[]): number => spreadOf(values)?.median ?? NaN
