// Tables of text, for terminals and logs.
import stringWidth from 'string-width'
import { largest } from './lists.ts'

/** Columns aligned with spaces, as wide as a terminal shows them; numbers to the right. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, c) => largest(all, 0, (row) => stringWidth(row[c] ?? '')))
  const right = head.map((_, c) => isOfNumbers(rows.map((row) => row[c] ?? '')))
  return all
    .map((row) =>
      widths
        .map((width, c) => pad(row[c] ?? '', width, right[c]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Numbers, shares and what is missing, known by their first character. */
export function isOfNumbers(cells: readonly string[]): boolean {
  return cells.length > 0 && cells.every((cell) => /^[\d.–-]|^$/.test(cell))
}

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)))
  return right ? space + text : text + space
}
