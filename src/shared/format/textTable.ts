// Tables of text, for terminals and logs.
import stringWidth from 'string-width'
import { largest } from './lists.ts'

/** Columns aligned with spaces, as wide as a terminal shows them; numbers and shares, known by their first character, to the right. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, c) => largest(all, 0, (row) => stringWidth(row[c] ?? '')))
  const right = head.map((_, c) => rows.length > 0 && rows.every((row) => /^[\d.–-]|^$/.test(row[c] ?? '')))
  return all
    .map((row) =>
      widths
        .map((width, c) => pad(row[c] ?? '', width, right[c]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)))
  return right ? space + text : text + space
}
