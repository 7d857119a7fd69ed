// Changes one value of a JSON file and keeps every other byte, such as the author's number formats, order and indentation.
import { applyEdits, modify, parseTree } from 'jsonc-parser'
import { isBitmaskConfig } from './bitmask.ts'
import { asObject, isRecord, parseJson } from './json.ts'

/** `text` with `value` under the top-level `key`, replaced or put first. @throws FormatError if it is not an object. */
export function setTopLevel(text: string, key: string, value: boolean | number | string): string {
  const { size } = asObject(parseJson(text), 'the file')
  // The library would reformat an empty object.
  if (size === 0) return text.replace(/\{\s*\}/, () => JSON.stringify({ [key]: value }).replace(':', ': '))
  const { indentation, lineEnd } = styleOf(text)
  const spaces = !indentation.includes('\t')
  const edits = modify(text, [key], value, {
    getInsertionIndex: () => 0,
    formattingOptions: { insertSpaces: spaces, tabSize: spaces ? indentation.length : 1, eol: lineEnd },
  })
  return applyEdits(text, edits)
}

/** `text` without the top-level `key`; unchanged without that key. @throws FormatError if it is not an object. */
export function removeTopLevel(text: string, key: string): string {
  asObject(parseJson(text), 'the file')
  const members = parseTree(text)?.children ?? []
  const at = members.findIndex((member) => member.children?.[0]?.value === key)
  if (at < 0) return text
  const endOf = (i: number) => members[i].offset + members[i].length
  const brace = text.indexOf('{') + 1
  // The comma before the member is removed too or, for the first member, the comma after it.
  if (at > 0) return text.slice(0, endOf(at - 1)) + text.slice(endOf(at))
  const end = members.length > 1 ? text.indexOf(',', endOf(0)) + 1 : endOf(0)
  return text.slice(0, brace) + text.slice(end)
}

/** Line end and indentation of a new member: those before the file's first member. */
function styleOf(text: string): { indentation: string; lineEnd: string } {
  const [, lineEnd = '\n', indentation = '  '] = /\{[^\S\r\n]*(\r?\n)([^\S\r\n]*)/.exec(text) ?? []
  return { indentation, lineEnd }
}

const key = 'quantization_config'

/** `text` of a config.json without the entry for bitmasks. Other quantisation settings are kept. */
export function withoutBitmaskConfig(text: string): string {
  const config: unknown = JSON.parse(text)
  return isRecord(config) && isBitmaskConfig(config[key]) ? removeTopLevel(text, key) : text
}
