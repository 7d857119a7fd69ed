// Converts the text of another tool's recipe to the text of a SparseScope recipe.
import { readDocument } from '../document.ts'
import { convertRecipe } from './convert.ts'
import { dialectNames, dialectOf } from './dialect.ts'
import type { Dialect } from './dialect.ts'
import { writeRecipe } from './write.ts'

export interface Imported {
  from: Dialect
  /** The recipe, with the notes as comments at its top. */
  text: string
  /** Settings that have no counterpart here. */
  notes: string[]
}

/** Markdown recipe cards hold their recipe as front matter. */
export function importRecipe(source: string): Imported | { problem: string } {
  const frontMatter = /^---\r?\n([\s\S]*?)\r?\n---/.exec(source)
  const document = readDocument(frontMatter ? frontMatter[1] : source)
  if (document.value === undefined) {
    const first = document.problems[0]
    const line = first ? ` in line ${document.position(first.start).line + 1}` : ''
    return { problem: `it cannot be read as YAML${line}: ${first?.message ?? 'it is empty'}` }
  }
  const from = dialectOf(document.value)
  if (!from) return { problem: 'it is no recipe of llm-compressor, SparseML or PERP: nothing to import' }
  const { recipe, notes } = convertRecipe(document.value, from)
  const messages = notes.map((n) => n.message)
  const comments = [`Imported from ${dialectNames[from]}.`, ...messages.map((m) => `Not taken over: ${m}.`)]
  return { from, text: writeRecipe(recipe, comments), notes: messages }
}
