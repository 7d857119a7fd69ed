// The texts that a recipe measures perplexity on, their names, and the one by which the recovery is judged.
import { type Stage, stages } from '../../catalog/stages.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'

/** An entry as events, report and picture know it. */
export interface EvaluatedEntry {
  readonly entry: number
  readonly data: string
  readonly field?: string
  /** The part of conversations whose tokens count, where not all do. */
  readonly lossOn?: string
  readonly seqLen: number | null
}

/** A short name for each entry; names differ where the entries do. */
export function entryNames(evaluations: Iterable<EvaluatedEntry>): Map<number, string> {
  const entries = new Map<number, EvaluatedEntry>()
  for (const evaluation of evaluations) entries.set(evaluation.entry, evaluation)
  const all = [...entries.values()].sort((a, b) => a.entry - b.entry)
  const shortest = [fileName, withField, withLength(withField), withLength(({ data }) => data), numbered]
  return new Map(
    all.map((one) => {
      const alone = (name: Naming) => all.every((other) => other === one || name(other) !== name(one))
      const name = shortest.find(alone) ?? numbered
      return [one.entry, name(one)]
    }),
  )
}

type Naming = (entry: EvaluatedEntry) => string

const fileName: Naming = ({ data }) => data.split(/[\\/]/).at(-1) || 'evaluation'
const withField: Naming = (entry) => [fileName(entry), entry.field, entry.lossOn].filter(Boolean).join(': ')
const withLength =
  (name: Naming): Naming =>
  (entry) =>
    entry.seqLen === null ? name(entry) : `${name(entry)} (${entry.seqLen} tokens)`
const numbered: Naming = (entry) => `${withLength(fileName)(entry)} #${entry.entry + 1}`

const finite = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null)

/**
 * A perplexity from JSON, which has no infinity: null is one that overflows, since a loss that is not a number fails the
 * evaluation. undefined: it was not measured.
 */
export function perplexityIn(value: unknown): number | undefined {
  if (value === null) return Infinity
  return typeof value === 'number' ? value : undefined
}

/** A report is not trusted. */
const mostMeasured = 300

/** Perplexities at the ends of the stages, by one entry of `evaluate`. */
export interface MeasuredText {
  readonly entry: number
  /** The shortest name that differs from the others. */
  readonly name: string
  readonly perplexity: Partial<Record<Stage, number>>
}

export interface TextResults {
  /** Every entry, in the recipe's order. */
  readonly texts: readonly MeasuredText[]
  /** The second text, by which recovery is judged; null: there is one at most. */
  readonly second: MeasuredText | null
  /**
   * Share of the perplexity gap that recovery closed, and the name of its text. null: a stage was not measured, or pruning
   * cost nothing.
   */
  readonly wonBack: { readonly text: string; readonly share: number } | null
}

export interface PerplexityOf extends EvaluatedEntry {
  readonly stage: Stage
  /** Set for a measurement in the middle of a recovery. */
  readonly step?: number
  /** Infinity: it overflows. null: the entry has none. */
  readonly perplexity: number | null
}

/**
 * The entry of the second text if there are two, else of the first; null without any. A recovery that trains on text like the
 * first also adapts to it, which closes no gap. The same text in windows of another length is not a second text.
 */
export function judgedEntry(entries: readonly EvaluatedEntry[]): number | null {
  const sorted = [...entries].sort((a, b) => a.entry - b.entry)
  const first = sorted.at(0)
  if (!first) return null
  return (sorted.find(({ data, field }) => data !== first.data || field !== first.field) ?? first).entry
}

/** In the recipe's order. */
function textsOf(measured: readonly PerplexityOf[]): MeasuredText[] {
  return [...entryNames(measured)].map(([entry, name]) => {
    const perplexity: MeasuredText['perplexity'] = {}
    for (const one of measured)
      if (one.entry === entry && one.step === undefined && one.perplexity !== null)
        perplexity[one.stage] = one.perplexity
    return { entry, name, perplexity }
  })
}

/** The perplexities in a report's list of evaluations, at the ends of the stages. */
export function perplexitiesOf(evaluations: unknown): PerplexityOf[] {
  const found = (Array.isArray(evaluations) ? evaluations : []).flatMap((one: unknown) => {
    const { stage, entry, step, data, field, loss_on, seq_len: seqLen, perplexity: measured, acc } = fieldsOf(one)
    const perplexity = perplexityIn(measured)
    const known = stages.find((name) => name === stage)
    if (known === undefined || typeof entry !== 'number' || step !== undefined || acc !== undefined) return []
    if (perplexity === undefined) return []
    const part = {
      ...(typeof field === 'string' && { field }),
      ...(typeof loss_on === 'string' && { lossOn: loss_on }),
    }
    return [
      { stage: known, entry, data: typeof data === 'string' ? data : '', ...part, seqLen: finite(seqLen), perplexity },
    ]
  })
  return found.slice(0, mostMeasured)
}

export function resultsOfTexts(measured: readonly PerplexityOf[]): TextResults {
  const texts = textsOf(measured)
  const judged = texts.find(({ entry }) => entry === judgedEntry(measured))
  const share = judged ? gapWonBack(judged.perplexity, 'low') : null
  return {
    texts,
    second: judged && judged !== texts[0] ? judged : null,
    wonBack: judged && share !== null ? { text: judged.name, share } : null,
  }
}

/** Share of the gap in perplexity or accuracy that recovery closed; null if pruning cost nothing or a value overflows. */
export function gapWonBack(
  { dense, pruned, recovered }: Partial<Record<Stage, number>>,
  better: 'low' | 'high',
): number | null {
  if (dense === undefined || pruned === undefined || recovered === undefined) return null
  const sign = better === 'low' ? 1 : -1
  const gap = sign * (pruned - dense)
  const share = gap > 0 ? (sign * (pruned - recovered)) / gap : NaN
  return Number.isFinite(share) && Number.isFinite(gap) ? share : null
}
