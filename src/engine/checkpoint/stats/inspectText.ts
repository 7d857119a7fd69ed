// The output of `inspect` for people: a summary, tables of roles, blocks and tensors; one tensor in detail. And the output of `compare`.
import { largest, someOf } from '../../../formatting/lists.ts'
import { isOfGguf, storedType, type Checkpoint } from '../checkpoint.ts'
import { shownDtype, whyUnread } from './elementFormat.ts'
import { listedBytes, type InspectedTensor, type Inspection, type Totals } from './inspectCheckpoint.ts'
import { formatBytes, formatShare, plural } from '../../../formatting/numbers.ts'
import { isKept, type NmValidity } from '../../../catalog/formats/sparsity.ts'
import { textTable } from '../../../formatting/tables.ts'
import type { CompareSummary, TensorChange } from '../../../protocol/inspect.ts'

interface TextOptions {
  /** Width of the terminal, if there is one. */
  readonly columns?: number
  /** Lists every tensor. */
  readonly tensors?: boolean
  /** Where the checkpoint is, if it is on the Hub. */
  readonly remote?: string
}

/** layers.2 comes before layers.10. */
const natural = new Intl.Collator('en', { numeric: true })

/** The summary, then tables of roles and blocks, then the tensors on request. */
export function inspectionText(checkpoint: Checkpoint, inspection: Inspection, options: TextOptions = {}): string {
  const { tensors, totals, linears, roles, blocks } = inspection
  const { columns, remote } = options
  const scanned = tensors.some((t) => t.stats !== null)
  const sums: [string, Totals][] = [...roles, ['all', totals]]
  const inOrder = [...blocks].sort(([a], [b]) => a - b)
  const layers = inOrder.map(([block, { linears }]): [string, Totals] => [String(block), linears])
  const files = plural(checkpoint.files.length, 'file')
  const size = `${count(totals.parameters)} parameters, ${formatBytes(totals.stored_bytes ?? totals.bytes)}`
  const summary = `${checkpoint.path}: ${plural(tensors.length, 'tensor')} in ${files}, ${size}`
  return [
    summary +
      sizeLine(totals) +
      sparsityLines(linears) +
      nonFiniteLine(tensors) +
      unreadLines(tensors) +
      (remote ? `\n${remote}` : ''),
    ...(isOfGguf(checkpoint) ? [metadataTable(checkpoint.metadata, columns)] : []),
    totalsTable('role', sums, scanned, columns),
    ...(scanned && layers.length > 0 ? [totalsTable('linears of block', layers, scanned, columns)] : []),
    ...(options.tensors ? [tensorTable(tensors, scanned, columns)] : []),
  ].join('\n\n')
}

/** The dense size of a checkpoint stored as bitmasks; else empty. */
function sizeLine({ bytes, stored_bytes }: Totals): string {
  return stored_bytes === undefined
    ? ''
    : `\npruned linears are stored as bitmasks: ${formatBytes(bytes)} after sparsescope expand`
}

/** The sparsity and the N:M patterns that are kept, or empty where a part was not scanned. */
function sparsityLines({ sparsity, nm = {} }: Totals): string {
  if (sparsity === undefined) return ''
  if (sparsity === null) return '\nno linears of blocks are in it'
  const kept = Object.entries(nm).filter(([, one]) => isKept(one))
  const patterns = kept.map(([pattern, one]) => `\n${pattern} in the block linears: ${validity(one)}`)
  return `\nsparsity of the block linears: ${percent(sparsity)}${patterns.join('')}`
}

/** The tensors with values that break every computation with the model. */
function nonFiniteLine(tensors: readonly InspectedTensor[]): string {
  const found = tensors.filter(({ stats }) => stats && stats.nonFinite > 0)
  const names = found.map(({ entry, stats }) => `${entry.name} (${count(stats?.nonFinite ?? 0)})`)
  return names.length === 0 ? '' : `\nNaN or infinite values in ${someOf(names)}`
}

/** Number of tensors without statistics, by reason. */
function unreadLines(tensors: readonly InspectedTensor[]): string {
  const counts = new Map<string, number>()
  for (const { entry } of tensors) {
    const why = whyUnread(entry.dtype)
    if (why !== null) counts.set(why, (counts.get(why) ?? 0) + 1)
  }
  return [...counts].map(([why, n]) => `\n${plural(n, 'tensor')} without statistics: ${why}`).join('')
}

/** One line per tensor, in natural order. `scanned`: with columns for zeros, and for the N:M patterns that any tensor keeps. */
export function tensorTable(tensors: readonly InspectedTensor[], scanned: boolean, columns?: number): string {
  const keeping = tensors.map(({ stats }) => Object.entries(stats?.nm ?? {}).filter(([, nm]) => isKept(nm)))
  const patterns = [...new Set(keeping.flatMap((kept) => kept.map(([pattern]) => pattern)))]
  const head = ['tensor', 'type', 'shape', 'size', ...(scanned ? ['zeros', ...patterns] : [])]
  const inOrder = [...tensors].sort((a, b) => natural.compare(a.entry.name, b.entry.name))
  const rows = inOrder.map(({ entry, stats }) => {
    const { name, shape } = entry
    const known = [name, shownDtype(storedType(entry)), `[${shape.join(', ')}]`, formatBytes(listedBytes(entry))]
    return scanned ? [...known, percent(stats?.sparsity), ...patterns.map((p) => validity(stats?.nm[p]))] : known
  })
  return textTable(head, rows, { columns, spare: ['type', 'size', 'shape'] })
}

/** The metadata of a GGUF file. Of texts with several lines only the first line is shown. */
function metadataTable(metadata: ReadonlyMap<string, string>, columns?: number): string {
  const rows = [...metadata].map(([key, value]) => {
    const [line] = value.split('\n')
    const shown = line.slice(0, longestValue)
    return [key, shown.length < value.length ? `${shown}…` : shown]
  })
  return textTable(['metadata', 'value'], rows, { columns })
}

const longestValue = 80

function totalsTable(what: string, sums: readonly [string, Totals][], scanned: boolean, columns?: number): string {
  const rows = sums.map(([name, { parameters, bytes, sparsity }]) => {
    const known = [name, count(parameters), formatBytes(bytes)]
    return scanned ? [...known, percent(sparsity)] : known
  })
  return textTable([what, 'parameters', 'size', ...(scanned ? ['zeros'] : [])], rows, { columns, spare: ['size'] })
}

function count(n: number): string {
  return n.toLocaleString('en')
}

function percent(share: number | null = null): string {
  return share === 0 ? '0.00 %' : formatShare(share)
}

/** "yes", or the share of groups that break the pattern; empty where it cannot apply or was not intended. */
function validity(nm: NmValidity | undefined): string {
  if (!nm || !isKept(nm)) return ''
  return nm.violations === 0 ? 'yes' : `${percent(nm.violations / nm.groups)} broken`
}

/** One tensor in detail, with its histogram as bars. */
export function tensorText({ entry, parameters, stats }: InspectedTensor): string {
  const lines = [
    `${entry.name}: ${shownDtype(storedType(entry))} [${entry.shape.join(', ')}], ${count(parameters)} parameters, ${formatBytes(listedBytes(entry))} in ${entry.file}`,
  ]
  if (!stats) return [...lines, `no statistics: ${whyUnread(entry.dtype)}`].join('\n')
  lines.push(`zeros      ${count(stats.zeros)} (${percent(stats.sparsity)})`)
  lines.push(`min … max  ${short(stats.min)} … ${short(stats.max)}`)
  lines.push(`mean, std  ${short(stats.mean)}, ${short(stats.std)}`)
  if (stats.kurtosis !== null) lines.push(`kurtosis   ${short(stats.kurtosis)} (normal distribution: 3)`)
  if (stats.outliers !== null) lines.push(`outliers   ${percent(stats.outliers)} beyond 4 standard deviations`)
  if (stats.nonFinite > 0) lines.push(`not finite ${count(stats.nonFinite)}`)
  for (const [pattern, nm] of Object.entries(stats.nm)) {
    const { groups, violations } = nm
    if (isKept(nm)) lines.push(`${pattern.padEnd(10)} ${count(violations)} of ${count(groups)} groups break it`)
  }
  if (stats.histogram) lines.push('', ...bars(stats.histogram))
  return lines.join('\n')
}

/** Six digits; `--json` has all. */
function short(value: number | null): string {
  return value === null ? '–' : value.toPrecision(6)
}

/** The 64 bins as 16 lines. */
function bars({ from, to, counts }: { from: number; to: number; counts: number[] }): string[] {
  const wide = Array.from({ length: 16 }, (_, i) => counts.slice(4 * i, 4 * i + 4).reduce((a, b) => a + b, 0))
  const most = largest(wide, 1, (height) => height)
  return wide.map((height, i) => {
    // Computed with halves, since the distance of two numbers near the limits of f64 is infinite.
    const edge = 2 * (from / 2 + (to / 2 - from / 2) * (i / wide.length))
    return `${edge.toPrecision(4).padStart(11)} ${'█'.repeat(Math.round((50 * height) / most))} ${count(height)}`
  })
}

/** `a` and `b`: names of the two checkpoints. `columns`: width of the terminal, if there is one. */
export function compareText(summary: CompareSummary, a: string, b: string, columns?: number): string {
  const { added, removed, reshaped, changed, same, verdict } = summary
  const lists: [string, readonly string[]][] = [
    ['only in B', added],
    ['only in A', removed],
    ['of another shape', reshaped],
  ]
  const parts = lists
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${plural(names.length, 'tensor')} ${what}:\n  ${someOf(names, listedNames, '\n  ')}`)
  if (changed.length > 0)
    parts.push(textTable(['changed', 'max |b − a|', 'filled', 'emptied'], changed.map(changeRow), { columns }))
  return [
    `A: ${a}\nB: ${b}`,
    ...parts,
    same === 1 ? '1 tensor is equal.' : `${plural(same, 'tensor')} are equal.`,
    verdict,
  ].join('\n\n')
}

/** Most names in a list; `--json` has all. */
const listedNames = 20

function changeRow({ name, maxAbs, filled, emptied }: TensorChange): string[] {
  return [name, maxAbs.toPrecision(4), filled.toLocaleString('en'), emptied.toLocaleString('en')]
}
