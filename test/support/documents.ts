// The contents of fences in documents: commands to type, and recipes.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Fence {
  /** 1-based line of its first line of text. */
  readonly line: number
  readonly language: string
  readonly text: string
  /** `<!-- not run: WHY -->` before it. */
  readonly notRun: string | null
  /** `<!-- file: NAME -->` before it: where a reader saves it. */
  readonly file: string | null
}

/** README and the pages of docs/ that people write; the generated ones are tested with what they are made from. */
export const documents: readonly string[] = [
  'README.md',
  ...readdirSync(`${root}/docs`)
    .filter((name) => name.endsWith('.md') && !['rules.md', 'recipes.md'].includes(name))
    .map((name) => `docs/${name}`),
]

export const textOf = (document: string) => readFileSync(`${root}/${document}`, 'utf8')

const fencePattern = /^```(\w*)\n([\s\S]*?)^```$/gm
const commentPattern = /<!-- (not run|file): ([^\n]+) -->\n+$/

export function fencesOf(document: string): Fence[] {
  const text = textOf(document)
  return [...text.matchAll(fencePattern)].map((match) => {
    const before = text.slice(0, match.index)
    const comment = commentPattern.exec(before)
    const said = (what: string) => (comment?.[1] === what ? comment[2] : null)
    return {
      line: before.split('\n').length + 1,
      language: match[1],
      text: match[2],
      notRun: said('not run'),
      file: said('file'),
    }
  })
}

/** Lines to type; a fence of `text` is only shown, as the usage of a command is. */
export const commandsOf = ({ text, language }: Fence) =>
  language === 'text' ? [] : text.split('\n').filter((line) => line.startsWith('sparsescope '))

export const isRecipe = ({ language }: Fence) => language === 'yaml'
