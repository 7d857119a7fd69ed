// Colour for people: only on a terminal, and never where NO_COLOR is set (no-color.org).
import { styleText } from 'node:util'
import type { Output } from '../io.ts'

type Style = Parameters<typeof styleText>[0]

/** What a line begins with, coloured by what it stands for; `line` has no control characters of its own. */
const beginnings: readonly (readonly [begin: string, style: Style])[] = [
  ['warning:', 'yellow'],
  ['sparsescope:', 'red'],
]

export function coloured(line: string, { isTTY }: Output, env: NodeJS.ProcessEnv = process.env): string {
  const known = beginnings.find(([begin]) => line.startsWith(begin))
  if (!known || !isTTY || env.NO_COLOR || env.TERM === 'dumb') return line
  const [begin, style] = known
  return styleText(style, begin, { validateStream: false }) + line.slice(begin.length)
}
