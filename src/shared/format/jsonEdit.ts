// One value of a JSON file changed, every other byte kept: number formats, order and indentation are the author's.
import { applyEdits, modify } from 'jsonc-parser'
import { asObject, parseJson } from './json.ts'

/** `text` with `value` under the top-level `key`, replaced or put first. @throws FormatError when it is no object. */
export function setTopLevel(text: string, key: string, value: boolean | number | string): string {
  const { size } = asObject(parseJson(text), 'the file')
  // The library would lay it out anew.
  if (size === 0) return text.replace(/\{\s*\}/, () => JSON.stringify({ [key]: value }).replace(':', ': '))
  const { indentation, lineEnd } = styleOf(text)
  const spaces = !indentation.includes('\t')
  const edits = modify(text, [key], value, {
    getInsertionIndex: () => 0,
    formattingOptions: { insertSpaces: spaces, tabSize: spaces ? indentation.length : 1, eol: lineEnd },
  })
  return applyEdits(text, edits)
}

/** As the file's first member is set off. */
function styleOf(text: string): { indentation: string; lineEnd: string } {
  const [, lineEnd = '\n', indentation = '  '] = /\{[^\S\r\n]*(\r?\n)([^\S\r\n]*)/.exec(text) ?? []
  return { indentation, lineEnd }
}
