// Lines of a table: rows, and where they stand in groups the groups' names above them.

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

/** A key for a line, where rows have theirs. */
export function keyOfLine<Row extends object>(line: Line<Row>, keyOf: (row: Row) => string): string {
  return isHeading(line) ? `group ${line.heading}` : keyOf(line)
}
