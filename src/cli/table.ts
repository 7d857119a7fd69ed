import { largest } from '../shared/format/lists.ts'

/** Columns aligned with spaces; numbers and shares, known by their first character, to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, c) => largest(all, 0, (row) => (row[c] ?? '').length))
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
  return right ? text.padStart(width) : text.padEnd(width)
}
