// A text with an unclosed bracket or quote, read as if it were closed at the end of its line: the mistake is reported at its own place and at no
// other. Text is added at ends of lines only: lines and columns of everything else stay those of the text.
import { readDocument, type RecipeDocument, type SyntaxProblem } from '../recipe/document.ts'

/** Like readDocument, but closes brackets and quotes, and lists those as problems. For inspection only: the result must not be run. */
export function readRepaired(text: string): RecipeDocument {
  const document = readDocument(text)
  if (document.value !== undefined || document.problems.some(({ code }) => code === 'REFUSED')) return document
  const closed = closeOpen(text)
  if (closed.problems.length === 0) return document
  const repaired = readDocument(closed.text)
  const isBetter = repaired.value !== undefined || repaired.problems.length < document.problems.length
  return isBetter ? { ...repaired, problems: [...closed.problems, ...repaired.problems] } : document
}

interface Opened {
  readonly mark: string
  /** Offset of the mark, in the text with what was added before it. */
  readonly at: number
  /** Column of the key or value that the line of the outermost bracket begins with. */
  readonly column: number
}

const closers: Readonly<Record<string, string>> = { '[': ']', '{': '}' }
/** A line that begins an entry or a key, and so is outside of any bracket that opened at its column or right of it. */
const entry = /^ *(?:- +|[\w.]+:(?: |$))/

function closeOpen(text: string): { text: string; problems: SyntaxProblem[] } {
  const lines: string[] = []
  const problems: SyntaxProblem[] = []
  let open: Opened[] = []
  /** Index of the last line that is not empty, and the length of its content. */
  let last = { line: -1, end: 0 }
  let start = 0
  const close = () => {
    const added = open
      .toReversed()
      .map(({ mark }) => closers[mark])
      .join('')
    for (const { mark, at } of open)
      problems.push(unclosed(`This ${mark} is never closed: it lacks a ${closers[mark]}`, at))
    const line = lines[last.line]
    lines[last.line] = line.slice(0, last.end) + added + line.slice(last.end)
    start += added.length
    open = []
  }
  for (const line of text.split('\n')) {
    const indent = /^ */.exec(line)?.[0].length ?? 0
    if (open.length > 0 && entry.test(line) && indent <= open[0].column) close()
    const column = /^ *(?:- +)*/.exec(line)?.[0].length ?? 0
    const { end, quote } = scan(line, (mark, at) => {
      if (closers[mark]) open.push({ mark, at: start + at, column })
      else if (open.length > 0 && closers[open[open.length - 1].mark] === mark) open.pop()
    })
    const closed = quote ? line.slice(0, end) + quote.mark + line.slice(end) : line
    if (quote) problems.push(unclosed('This quote is never closed', start + quote.at))
    lines.push(closed)
    if (end > 0) last = { line: lines.length - 1, end: end + (quote ? 1 : 0) }
    start += closed.length + 1
  }
  if (open.length > 0) close()
  return { text: lines.join('\n'), problems }
}

function unclosed(message: string, at: number): SyntaxProblem {
  return { code: 'UNCLOSED', message, start: at, end: at + 1 }
}

/** Reports brackets outside of quotes and comments. Returns where the line's content ends, and a quote that is still open. */
function scan(line: string, bracket: (mark: string, at: number) => void) {
  let quote: { mark: string; at: number } | null = null
  let end = 0
  for (let i = 0; i < line.length; i++) {
    const mark = line[i]
    if (mark === ' ' || mark === '\r') continue
    if (!quote && mark === '#' && (i === 0 || line[i - 1] === ' ')) break
    if (quote?.mark === '"' && mark === '\\') i++
    else if (quote) quote = mark === quote.mark ? null : quote
    else if (mark === '"' || mark === "'") quote = /(?:^|[:[{,-]) *$/.test(line.slice(0, i)) ? { mark, at: i } : null
    else if ('[]{}'.includes(mark)) bracket(mark, i)
    end = Math.min(line.length, i + 1)
  }
  return { end, quote }
}
