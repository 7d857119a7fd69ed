// The King James Bible as Debian's `bible-kjv` prints it, cut into chapters; whole books are held out.
import { spawnSync } from 'node:child_process'

export interface Chapter {
  book: string
  chapter: number
  text: string
}

/** Never trained or calibrated on: narrative, wisdom, prophecy, gospel and epistle, about 6 % of the text. */
export const heldOut = new Set(['Ruth', 'Est', 'Eccl', 'Jonah', 'Mark', 'Heb'])

/** Lines look like `Ge1:1 In the beginning …`; the book's abbreviation may begin with a digit (`1Ki`). */
const line = /^(\d?[A-Za-z]+)(\d+):\d+ (.*)$/

/** Chapters in order, verses joined by spaces. Throws when the program is missing or prints something else. */
export function readChapters(): Chapter[] {
  const { stdout, error } = spawnSync('bible', ['-f', 'gen1:1-rev22:21'], { encoding: 'utf8', maxBuffer: 1 << 26 })
  if (error) throw new Error('the program `bible` is missing: apt-get install bible-kjv bible-kjv-text')
  const chapters: Chapter[] = []
  for (const verse of stdout.split('\n')) {
    const match = line.exec(verse)
    if (!match) continue
    const [, book, number, text] = match
    const last = chapters[chapters.length - 1]
    if (last?.book === book && last.chapter === Number(number)) last.text += ` ${text.trim()}`
    else chapters.push({ book, chapter: Number(number), text: text.trim() })
  }
  if (chapters.length !== 1189) throw new Error(`expected 1189 chapters, \`bible\` printed ${chapters.length}`)
  return chapters
}
