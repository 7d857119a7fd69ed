// Lines of a table: rows, and where they stand in groups the groups' names above them.
import type { Column } from './tableColumn.ts'

export interface Heading {
  readonly heading: string
  /** Number of its rows. */
  readonly count: number
}

export type Line<Row> = Row | Heading

export function isHeading<Row extends object>(line: Line<Row>): line is Heading {
  return 'heading' in line
}

/** Each group by its name, in the order of the names given, with its rows in their order. */
export function grouped<Row>(rows: readonly Row[], names: readonly string[], of: (row: Row) => string): Line<Row>[] {
  const groups = new Map(names.map((name): [string, Row[]] => [name, []]))
  for (const row of rows) groups.get(of(row))?.push(row)
  return [...groups].flatMap(([heading, own]) => (own.length > 0 ? [{ heading, count: own.length }, ...own] : []))
}

/** A column of rows for lines: a heading has no values. */
export function ofLines<Row extends object>(column: Column<Row>): Column<Line<Row>> {
  const { text, sort, cell } = column
  return {
    ...column,
    text: (line) => (isHeading<Row>(line) ? '' : text(line)),
    sort: (line) => (isHeading<Row>(line) ? null : sort(line)),
    cell: cell && ((line) => (isHeading<Row>(line) ? '' : cell(line))),
  }
}
