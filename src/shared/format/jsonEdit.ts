// One value of a JSON file changed, every other byte kept: number formats, order and indentation are the author's.
import { asObject, parseJson } from './json.ts'

/** `text` with `value` under the top-level `key`, replaced or put first. @throws FormatError when it is no object. */
export function setTopLevel(text: string, key: string, value: boolean | number | string): string {
  const root = asObject(parseJson(text), 'the file')
  const encoded = JSON.stringify(value)
  const place = topLevelValue(text, key)
  if (place) return text.slice(0, place.start) + encoded + text.slice(place.end)
  const open = text.indexOf('{') + 1
  const indent = /^\s*/.exec(text.slice(open))?.[0] ?? ''
  return `${text.slice(0, open)}${indent}${JSON.stringify(key)}: ${encoded}${root.size ? ',' : ''}${text.slice(open)}`
}

/** Where the value of a top-level key stands. The text is valid JSON, so brackets and strings are all that counts. */
function topLevelValue(text: string, key: string): { start: number; end: number } | null {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs
  let depth = 0
  let current: string | null = null
  let start = -1
  let end = -1
  let inValue = false
  for (const match of text.matchAll(tokens)) {
    const token = match[0]
    const closes = token === '}' || token === ']'
    if (depth === 1 && (token === ',' || (closes && inValue))) {
      if (current === key && start >= 0) return { start, end }
      inValue = false
      start = -1
    } else if (depth === 1 && token === ':' && !inValue) {
      inValue = true
      start = -1
    } else if (inValue) {
      if (start < 0) start = match.index
      end = match.index + token.length
    } else if (depth === 1 && token.startsWith('"')) current = JSON.parse(token) as string
    if (token === '{' || token === '[') depth++
    if (closes) depth--
  }
  return null
}
