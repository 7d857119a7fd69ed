// What suggest_recipe answers: the recipe, why it is so, what it costs; and what a size means for a sparsity.
import { EngineError } from '../engine/errors.ts'
import { methodNames, methodOf } from '../catalog/methods/methods.ts'
import { elementBits } from '../catalog/formats/dtypes.ts'
import { formatBytes, formatShare, parseByteSize, roughDuration } from '../formatting/numbers.ts'
import type { ModelFacts } from '../recipe/facts.ts'
import {
  byMeasure,
  type ChainName,
  chains,
  measured,
  type OnTwoTexts,
  prunedFigure,
  recoveryFigures,
  spreadFigures,
} from '../recipe/measured.ts'
import { type RecipeChoices, spreadIn } from '../recipe/writing/choices.ts'
import { defaultAllocation } from '../catalog/allocations/allocations.ts'
import type { Estimates } from '../plan/planRecipe.ts'
import type { Finding } from '../recipe/finding.ts'

/** A recipe that may be suggested. */
export interface Try {
  readonly choices: RecipeChoices
  /** null if nothing is recovered. */
  readonly chain: ChainName | null
  readonly saveTo: string
  readonly text: string
  /** Errors and warnings. */
  readonly findings: readonly Finding[]
  readonly estimates: Estimates
}

/** Sparsity beyond which nothing was measured. */
const mostSparsity = Math.max(...measured.spreads.map(({ sparsity }) => sparsity))

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

/** Number of parameters and bytes of a model, and the same for the linears of its blocks. */
export function sizesOf({ parameters, tensors }: ModelFacts) {
  const sum = (isCounted: (name: string) => boolean) =>
    [...tensors].reduce(
      (all, [name, { shape, dtype }]) => all + (isCounted(name) ? (sizeOf(shape) * elementBits(dtype)) / 8 : 0),
      0,
    )
  const linears = parameters.filter(({ kind }) => kind === 'linear')
  const names = new Set(linears.map(({ name }) => name))
  return {
    numbers: parameters.reduce((all, { shape }) => all + sizeOf(shape), 0),
    linears: linears.reduce((all, { shape }) => all + sizeOf(shape), 0),
    bytes: sum(() => true),
    linearBytes: sum((name) => names.has(name)),
  }
}

/**
 * The least sparsity, in hundredths, at which the kept weights, a bit for each weight of the linears, and all else take `size`.
 * @throws EngineError 'usage' where the model fits already, or would not without nearly all weights.
 */
export function sparsityForSize(size: string, facts: ModelFacts): number {
  const most = parseByteSize(size)
  if (most === null) throw new EngineError('usage', `size ${size} is not a size; write it like 8GB or 500MiB`)
  const { bytes, linearBytes, linears } = sizesOf(facts)
  if (bytes <= most) throw new EngineError('usage', `the model takes ${formatBytes(bytes)}: it fits ${size} as it is`)
  const share = Math.ceil((100 * (bytes + linears / 8 - most)) / linearBytes) / 100
  if (share <= mostSparsity) return share
  const least = bytes + linears / 8 - mostSparsity * linearBytes
  throw new EngineError(
    'usage',
    `${size} is out of reach: with ${formatShare(mostSparsity)} of the block weights pruned ${formatBytes(least)} are left, and nothing was measured beyond`,
  )
}

interface Around {
  readonly file: string
  readonly facts: ModelFacts
  readonly asked: { readonly size?: string; readonly minutes?: number }
  /** Whether no recipe keeps the time. */
  readonly isLate: boolean
}

export function suggestionText(one: Try, around: Around): string {
  const { text, findings, estimates } = one
  const { file, asked, isLate } = around
  const { seconds, memoryBytes, diskBytes } = estimates
  const time = seconds === null ? 'an unknown time' : `about ${roughDuration(seconds)}`
  const late = isLate ? `, more than the ${asked.minutes} min: no shorter recipe lints clean` : ''
  return [
    `# ${file}`,
    text,
    'Why:',
    ...whyLines(one, around).map((line) => `- ${line}`),
    `It takes ${time}${late}, ${formatBytes(memoryBytes)} of memory and ${formatBytes(diskBytes)} on disk.`,
    ...(findings.length === 0
      ? ['It lints clean.']
      : ['It does not lint clean:', ...findings.map(({ message }) => `- ${message}`)]),
  ].join('\n')
}

function whyLines({ choices, chain }: Try, { facts, asked }: Around): string[] {
  const { prune, calibration, evaluate } = choices
  const lines = [
    `Figures are perplexities of ${measured.model}, dense ${onTwo(measured.dense)}: expect their order on another model, not their values.`,
  ]
  if (asked.size !== undefined)
    lines.push(
      `${asked.size} counts kept weights and a bit for each place, as sparse formats store them. The saved folder has exact zeros and stays at ${formatBytes(sizesOf(facts).bytes)}.`,
    )
  if (calibration.data.length === 0)
    lines.push(
      'No text was found to calibrate on (.jsonl, .txt or .parquet of 50 kB): magnitude needs none, and nothing recovers. Give data for a far better result.',
    )
  if (prune) lines.push(...pruneLines(prune, spreadIn(choices)))
  const figures = prune && chain && recoveryFigures(prune.pattern, { method: prune.method, chain })
  if (figures) {
    const steps = chains[figures.chain].map(({ mode, steps, lr }) =>
      steps ? `${mode}, ${steps} steps at ${lr}` : mode,
    )
    lines.push(`Recovery (${steps.join('; then ')}): ${onTwo(figures.before)} before, ${onTwo(figures.after)} after.`)
  }
  if (evaluate.data.length === 0) lines.push('Nothing is measured: no held-out text was found. Give evaluate_on.')
  else if (evaluate.data.length === 1 && chain !== null)
    lines.push('Measure on text of another kind too (evaluate_other): part of a recovery is adaptation to the text.')
  return lines
}

function pruneLines({ method, pattern, sparsity }: NonNullable<RecipeChoices['prune']>, spread: string): string[] {
  const figures = byMeasure(methodNames, pattern).flatMap((name) => {
    const value = prunedFigure(name, pattern)
    return value === undefined ? [] : [`${methodOf(name).title} ${value}`]
  })
  const lines = [`${methodOf(method).title} prunes: with half of the weights pruned ${figures.join(', ')}.`]
  if (spread === defaultAllocation) return lines
  const { sparsity: at, spread: values } = spreadFigures(sparsity)
  const each = Object.entries(values).map(([name, value]) => `${name} ${value}`)
  return [...lines, `Allocation ${spread}: at ${formatShare(at)} with Wanda ${each.join(', ')}.`]
}

const onTwo = ({ same, other }: OnTwoTexts) => `${same} on text of the same kind and ${other} on another`
