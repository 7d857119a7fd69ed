// Findings of lint: plain data that the command line prints as JSON and the language server turns into LSP.
import { printableLine } from '../formatting/printable.ts'

/** Keys and places in lists, from the top of a recipe to a setting. */
export type Path = readonly (string | number)[]

export type Severity = 'error' | 'warning' | 'info' | 'hint'

/** Zero-based, in UTF-16 code units, as in the language server protocol. */
export interface Position {
  line: number
  character: number
}

export interface Range {
  start: Position
  end: Position
}

export interface TextEdit {
  range: Range
  newText: string
}

/** A change that makes the finding go away. `edits` do not overlap. */
export interface Fix {
  title: string
  edits: TextEdit[]
}

export interface Finding {
  /** The rule's short id, such as `L1`, or its name if it has none. */
  rule: string
  /** Name of the rule, as in docs/rules.md: `lr-off-grid`. */
  name: string
  severity: Severity
  /** One or two sentences that say what is wrong and how to fix it. */
  message: string
  /** Path of the setting, whether written or not. For a finding about the text, the innermost setting at that place. */
  path: Path
  range: Range
  fixes: Fix[]
}

/** `opt.prune.yaml:4:12 hint lr-off-grid (L1) …`: terminals turn the place into a link, `$prune-recipe` of a task into a problem. */
export function findingLine({ file, range, severity, name, rule, message }: Finding & { file: string }): string {
  const words = name === rule ? name : `${name} (${rule})`
  return printableLine(`${file}:${range.start.line + 1}:${range.start.character + 1} ${severity} ${words} ${message}`)
}
