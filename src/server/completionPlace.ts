// Which setting the cursor completes. While one types, the text is rarely valid YAML, so this goes by lines and
// indentation instead of by the tree.
import type { Position, Range } from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import type { Path } from '../shared/recipe/document.ts'

export interface CompletionPlace {
  /** Of the value, list indices included: ['prune', 0, 'targets', 1]. */
  path: Path
  /** Its text up to the cursor, without quotes. */
  text: string
  /** What a completed value replaces. */
  range: Range
}

const maxLines = 2000

/** Null where no value is being typed, as in a key. */
export function completionPlace(document: TextDocument, { line, character }: Position): CompletionPlace | null {
  const lineText = document.getText({ start: { line, character: 0 }, end: { line: line + 1, character: 0 } })
  const before = lineText.slice(0, character)
  if (/(?:^|\s)#/.test(before)) return null
  const value = /(?:[:,[{]\s+|[[{,]|-\s+)("[^"]*|'[^']*|[^\s,[\]{}"':]*)$/.exec(before)
  if (!value) return null
  const typed = value[1]
  const after = /^[^\s,\]}"']*["']?/.exec(lineText.slice(character))?.[0] ?? ''
  const place = enclosing(document, line, before.slice(0, before.length - typed.length))
  if (!place) return null
  return {
    path: place,
    text: typed.replace(/^["']/, ''),
    range: { start: { line, character: character - typed.length }, end: { line, character: character + after.length } },
  }
}

/** Keys around the end of `before` on its line, then those of the lines above with less indentation. */
function enclosing(document: TextDocument, line: number, before: string): (string | number)[] | null {
  const inner = onLine(before)
  if (!inner) return null
  const path = inner.path
  let { indent } = inner
  for (let above = line - 1; above >= 0 && line - above < maxLines && indent > 0; above--) {
    const text = document.getText({ start: { line: above, character: 0 }, end: { line: above + 1, character: 0 } })
    const match = /^(\s*)(- +)?(?:([\w."']+)\s*:)?/.exec(text)
    if (!match || text.trim() === '' || text.trimStart().startsWith('#')) continue
    const dash = match[1].length
    const column = dash + (match[2]?.length ?? 0)
    if (match[3] !== undefined && column < indent) {
      path.unshift(match[3].replace(/["']/g, ''))
      indent = column
    }
    if (match[2] !== undefined && dash < indent) {
      path.unshift(indexOfItem(document, above, dash))
      indent = dash
    }
  }
  // `- item` may stand at the indentation of its key.
  return typeof path[0] === 'number' ? null : path
}

function onLine(before: string): { path: (string | number)[]; indent: number } | null {
  const start = /^(\s*)(- +)?/.exec(before)
  const indent = (start?.[1] ?? '').length
  const dash = start?.[2] !== undefined
  const rest = before.slice(start?.[0].length ?? 0)
  const path: (string | number)[] = []
  // Open flow collections and the key before the cursor.
  let key: string | null = null
  let item = 0
  for (const token of rest.match(/"[^"]*"|'[^']*'|[[\]{},:]|[^\s[\]{},:]+/g) ?? []) {
    if (token === ':') {
      if (key !== null) path.push(key)
      key = null
    } else if (token === '[') {
      path.push((item = 0))
    } else if (token === ',') {
      if (typeof path.at(-1) === 'number') path[path.length - 1] = ++item
      else path.pop()
    } else if (token === ']' || token === '}') path.pop()
    else if (token !== '{') key = token.replace(/["']/g, '')
  }
  if (key !== null) return null
  if (!dash) return path.length > 0 ? { path, indent } : null
  return path.length > 0 ? { path, indent: indent + 2 } : { path: [0], indent: Math.max(indent, 1) }
}

/** How many items of the same list stand above. */
function indexOfItem(document: TextDocument, line: number, dash: number): number {
  let index = 0
  for (let above = line - 1; above >= 0 && line - above < maxLines; above--) {
    const text = document.getText({ start: { line: above, character: 0 }, end: { line: above + 1, character: 0 } })
    if (text.trim() === '') continue
    const indent = /^\s*/.exec(text)?.[0].length ?? 0
    if (indent < dash || (indent === dash && !text.trimStart().startsWith('-'))) break
    if (indent === dash) index++
  }
  return index
}
