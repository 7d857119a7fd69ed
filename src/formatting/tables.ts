// Tables as text: aligned columns for terminals and logs, CSV that a spreadsheet opens without surprises.
import stringWidth from 'string-width'
import { largest } from './lists.ts'
import { asMarkdown } from './printable.ts'

interface TableSpace {
  /** Width of the terminal; absent where lines may have any length. */
  readonly columns?: number
  /** Heads of the columns that are dropped first if space is short; then the last columns are dropped. The first column stays. */
  readonly spare?: readonly string[]
}

const gap = '  '

/** Columns aligned with spaces, as wide as a terminal shows them; numbers to the right. Columns that do not fit are named below. */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { columns = Infinity, spare = [] }: TableSpace = {},
): string {
  const all = [head, ...rows]
  const widths = head.map((_, c) => largest(all, 0, (row) => stringWidth(row[c] ?? '')))
  const right = head.map((_, c) => isOfNumbers(rows.map((row) => row[c] ?? '')))
  const shown = thatFit(head, widths, columns, spare)
  const lines = all.map((row) =>
    shown
      .map((c) => pad(row[c] ?? '', widths[c], right[c]))
      .join(gap)
      .trimEnd(),
  )
  const left = head.filter((_, c) => !shown.includes(c))
  if (left.length > 0)
    lines.push(`(too narrow for ${left.join(', ')}: --json has ${left.length === 1 ? 'it' : 'them'})`)
  return lines.join('\n')
}

/** Indices of the columns that fit side by side, at least the first. */
function thatFit(head: readonly string[], widths: readonly number[], room: number, spare: readonly string[]): number[] {
  const others = head.map((_, c) => c).slice(1)
  const first = spare.flatMap((name) => others.filter((c) => head[c] === name))
  const leaving = [...first, ...others.filter((c) => !first.includes(c)).reverse()]
  let width = widths.reduce((sum, one) => sum + one, gap.length * (widths.length - 1))
  const gone = new Set<number>()
  for (const c of leaving) {
    if (width <= room) break
    gone.add(c)
    width -= widths[c] + gap.length
  }
  return [...head.keys()].filter((c) => !gone.has(c))
}

/** Whether all cells are numbers, shares or missing values, judged by their first character. */
export function isOfNumbers(cells: readonly string[]): boolean {
  return cells.length > 0 && cells.every((cell) => /^[\d.–-]|^$/.test(cell))
}

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)))
  return right ? space + text : text + space
}

/** A Markdown table. Paths and names are text, whatever is in them. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(asMarkdown).join(' | ')} |`
  return [line(heads), `|${' --- |'.repeat(heads.length)}`, ...rows.map(line)].join('\n')
}

export type CsvValue = string | number | null | undefined

/** RFC 4180 with a header line. A text that a spreadsheet would run as a formula is prefixed with a quote mark. */
export function toCsv(header: readonly string[], rows: readonly (readonly CsvValue[])[]): string {
  return [header, ...rows].map((row) => row.map(csvField).join(',')).join('\r\n') + '\r\n'
}

function csvField(value: CsvValue): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
