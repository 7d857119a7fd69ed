// A table of runs for a paper: one row per configuration with its seeds folded, the dense model first, the best in bold, and how the
// numbers were measured. Independent of the markup.
import { andList } from '../../formatting/lists.ts'
import { formatRequested, plural } from '../../formatting/numbers.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'
import type { ComparedRun, RunFacts } from './comparedRun.ts'
import { foldSeeds, type FoldedRun } from './foldSeeds.ts'
import { type Spread, spreadOf } from '../series/smooth.ts'
import { columnFormatOf, headOf, measureNamed, type Measure } from './measures.ts'

export interface PaperCell {
  readonly text: string
  /** Largest distance of a seed from the median, in the column's decimals; null for one run, or equal ones. */
  readonly range: string | null
  readonly isBest: boolean
}

export interface PaperTable {
  /** `better`: the better direction; null for a column without one, such as names. */
  readonly heads: readonly { readonly text: string; readonly better: 'low' | 'high' | null }[]
  readonly rows: readonly (readonly PaperCell[])[]
  /** Sentences. */
  readonly caption: readonly string[]
  /** A sentence for the author, about runs that are not in it; null: all are. */
  readonly note: string | null
}

/** Facts that become columns where they differ between the rows. */
const factColumns: readonly { readonly head: string; readonly of: (facts: RunFacts) => string }[] = [
  { head: 'Model', of: ({ model }) => model },
  { head: 'Method', of: ({ method }) => method || 'none' },
  { head: 'Sparsity', of: sparsityText },
  { head: 'Recovery', of: ({ recovery }) => recovery || 'none' },
]

const measured = ['perplexity', 'second text', 'accuracy', 'trainable'].map(measureNamed)
/** The best is marked only for results: the number of trained parameters is not one. */
const results = measured.slice(0, 3)

/** `protocols`: of each run, as its report has them. */
export function paperTable(runs: readonly ComparedRun[], protocols: readonly (readonly string[])[]): PaperTable {
  const done = runs.flatMap((run, i) => (run.state === 'done' ? [{ run, protocol: protocols[i] ?? [] }] : []))
  const rows = foldSeeds(done.map(({ run }) => run))
  const columns = measured.filter((measure) => isShown(measure, rows))
  const formats = columns.map((measure) => columnFormatOf(measure, rows))
  const names = nameColumns(rows)
  const groups = groupsOf(rows)
  const body = rows.map((row) => [
    ...names.map(({ of }) => plain(of(row))),
    ...columns.map((measure, i) => cellOf(row, measure, formats[i], groups.get(groupOf(row)) ?? [])),
  ])
  const left = runs.length - done.length
  return {
    heads: [
      ...names.map(({ head }) => ({ text: head, better: null })),
      ...columns.map((measure) => ({
        text: capital(headOf(measure, rows)),
        better: results.includes(measure) ? measure.better : null,
      })),
    ],
    rows: [...denseRows(rows, names, columns, formats), ...body],
    caption: captionOf(
      rows,
      commonSentences(done.map(({ protocol }) => protocol)),
      body.flat().some((cell) => cell.isBest),
    ),
    note: left === 0 ? null : `${plural(left, 'run')} left out: ${left === 1 ? 'it is' : 'they are'} not done.`,
  }
}

/** Results are shown wherever they were measured; any other measure only where it differs between the rows. */
function isShown(measure: Measure, rows: readonly FoldedRun[]): boolean {
  const values = rows.map((row) => measure.of(row)?.median ?? null)
  return values.some((value) => value !== null) && (results.includes(measure) || new Set(values).size > 1)
}

interface NameColumn {
  readonly head: string
  readonly of: (row: FoldedRun) => string
}

/** The facts that differ, if they are unique for each row; else short names. */
function nameColumns(rows: readonly FoldedRun[]): NameColumn[] {
  const differing = factColumns.filter(({ of }) => new Set(rows.map(({ facts }) => of(facts))).size > 1)
  const texts = rows.map(({ facts }) => differing.map(({ of }) => of(facts)).join('\n'))
  const isEnough = differing.length > 0 && new Set(texts).size === rows.length
  if (!isEnough) return [{ head: 'Configuration', of: ({ label }) => label }]
  return differing.map(({ head, of }) => ({ head, of: ({ facts }) => of(facts) }))
}

function sparsityText({ pattern, sparsity }: RunFacts): string {
  if (pattern.includes(':')) return pattern
  return sparsity === null ? '' : formatRequested(sparsity)
}

function capital(title: string): string {
  return `${title[0].toUpperCase()}${title.slice(1)}`
}

function plain(text: string): PaperCell {
  return { text, range: null, isBest: false }
}

/** Only runs of one model that are as sparse as each other compete. */
function groupOf({ facts }: FoldedRun): string {
  return `${facts.model}\n${sparsityText(facts)}`
}

function groupsOf(rows: readonly FoldedRun[]): Map<string, FoldedRun[]> {
  const groups = new Map<string, FoldedRun[]>()
  for (const row of rows) groups.set(groupOf(row), [...(groups.get(groupOf(row)) ?? []), row])
  return groups
}

function cellOf(
  row: FoldedRun,
  measure: Measure,
  format: (value: number) => string,
  rivals: readonly FoldedRun[],
): PaperCell {
  const spread = measure.of(row)
  if (!spread) return plain('–')
  const text = format(spread.median)
  return {
    text,
    range: rangeOf(spread, format),
    isBest: results.includes(measure) && isBest(text, measure, format, rivals),
  }
}

/** Compares formatted values, so two equal texts are both best. A single row is never marked as best. */
function isBest(
  text: string,
  { of, better }: Measure,
  format: (value: number) => string,
  rivals: readonly FoldedRun[],
): boolean {
  const values = rivals.flatMap((rival) => of(rival)?.median ?? [])
  if (values.length < 2) return false
  return text === format(better === 'low' ? Math.min(...values) : Math.max(...values))
}

function rangeOf({ median, low, high, count }: Spread, format: (value: number) => string): string | null {
  return count > 1 && low < high && Number.isFinite(median) ? format(Math.max(median - low, high - median)) : null
}

/** One row for each dense model that was measured. */
function denseRows(
  rows: readonly FoldedRun[],
  names: readonly NameColumn[],
  columns: readonly Measure[],
  formats: readonly ((value: number) => string)[],
): PaperCell[][] {
  const models = [...new Set(rows.map(({ facts }) => facts.model))]
  return models.flatMap((model) => {
    const own = rows.filter(({ facts }) => facts.model === model)
    const cells = columns.map(({ dense }, i): PaperCell => {
      const spread = dense ? spreadOf(own.map((row) => dense(row)?.median ?? null)) : null
      return plain(spread ? formats[i](spread.median) : '–')
    })
    if (cells.every(({ text }) => text === '–')) return []
    const isModel = names[0]?.head === 'Model'
    const dense = models.length > 1 && !isModel ? `dense ${model}` : 'dense'
    const first = names.length === 1 ? `${model}, dense` : model
    const named = names.map((_, i) => plain(isModel && i === 0 ? first : i === (isModel ? 1 : 0) ? dense : '–'))
    return [[...named, ...cells]]
  })
}

function captionOf(rows: readonly FoldedRun[], protocol: readonly string[], hasBest: boolean): string[] {
  const seeds = Math.max(1, ...rows.map(({ members }) => members.length))
  const isUnequal = rows.some(({ members }) => members.length !== seeds)
  const folded = `Median over ${isUnequal ? 'up to ' : ''}${plural(seeds, 'seed')} ± the distance of the farthest`
  const best = 'he best of each sparsity in bold.'
  return [
    subjectOf(rows),
    ...(seeds > 1 ? [hasBest ? `${folded}; t${best}` : `${folded}.`] : hasBest ? [`T${best}`] : []),
    ...protocol,
  ]
}

/** "opt-125m pruned by wanda to 50 %, recovered by reconstruct." What rows do not share is in the rows. */
function subjectOf(rows: readonly FoldedRun[]): string {
  const shared = (of: (facts: RunFacts) => string) => {
    const texts = new Set(rows.map(({ facts }) => of(facts)))
    return texts.size === 1 ? [...texts][0] : ''
  }
  const models = [...new Set(rows.map(({ facts }) => facts.model).filter((model) => model !== ''))]
  const [method, sparsity, recovery] = [
    shared(({ method: one }) => one),
    shared(sparsityText),
    shared((facts) => facts.recovery),
  ]
  const pruned = `pruned${method && ` by ${method}`}${sparsity && ` to ${sparsity}`}`
  return `${models.length > 0 ? `${andList(models)} ${pruned}` : `Models ${pruned}`}${recovery && `, recovered by ${recovery}`}.`
}

/** Sentences that the protocols of all runs share, without those about seeds, samples, or undecided accuracies of one run. */
function commonSentences(protocols: readonly (readonly string[])[]): string[] {
  const [first = [], ...others] = protocols
  const isOfOne = (sentence: string) => /^Seed \d+\.$|^Samples: |^The accuracies of /.test(sentence)
  return first.filter((sentence) => !isOfOne(sentence) && others.every((other) => other.includes(sentence)))
}

const [mostSentences, longestSentence] = [50, 500]

/** How its numbers were measured, in sentences, from an untrusted report.json. */
export function protocolIn(report: unknown): string[] {
  const { protocol } = fieldsOf(report)
  const sentences: unknown[] = Array.isArray(protocol) ? protocol.slice(0, mostSentences) : []
  return sentences.flatMap((one) => (typeof one === 'string' ? [one.slice(0, longestSentence)] : []))
}
