// Which names a filter keeps. Plain text: every word must occur. Regular expression: as typed, or the reason why not.

export interface Filter {
  text: string
  regex: boolean
}

export type Compiled = { keep: (name: string) => boolean; error: null } | { keep: null; error: string }

export function compileFilter({ text, regex }: Filter): Compiled {
  if (text.trim() === '') return { keep: () => true, error: null }
  if (!regex) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean)
    return { keep: (name) => words.every((word) => name.toLowerCase().includes(word)), error: null }
  }
  try {
    const pattern = new RegExp(text)
    return { keep: (name) => pattern.test(name), error: null }
  } catch (error) {
    return { keep: null, error: error instanceof Error ? error.message : String(error) }
  }
}

/** What a filter keeps; all while an expression is wrong. */
export function keptBy<Row>(filter: Filter, rows: readonly Row[], wordsOf: (row: Row) => string): readonly Row[] {
  const { keep } = compileFilter(filter)
  return keep ? rows.filter((row) => keep(wordsOf(row))) : rows
}
