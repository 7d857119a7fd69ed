// Text edits of quick fixes, made from ranges: the rest of the text, its comments and its style stay as they are.
import {
  type Alias,
  isAlias,
  isMap,
  isNode,
  isSeq,
  type Node,
  type Pair,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { endOf, indexOfKey, type Path, readDocument, type RecipeDocument } from './document.ts'
import type { TextEdit } from './finding.ts'

export function replaceRange(document: RecipeDocument, start: number, end: number, newText: string): TextEdit {
  return { range: document.range(start, end), newText }
}

/** Replaces the value at a path and its tag, which need not fit the new value. No edits if nothing is at the path. */
export function replaceValue(document: RecipeDocument, path: Path, newText: string): TextEdit[] {
  const node = document.nodeAt(path)
  if (!node?.range) return []
  const start = node.range[0] - lengthBefore(document, node.range[0], /(?:![^\s,[\]{}]*\s+)$/)
  const end = endOf(node, document.text)
  return [replaceRange(document, start, end, spaced(document, path, [start, end], newText))]
}

/** A new value with the white space that YAML needs before it, in place of a list at its key's own indent, or of an empty value. */
function spaced(document: RecipeDocument, path: Path, [start, end]: [number, number], newText: string): string {
  const { text } = document
  if (start === end) return `${/\s/.test(text[start - 1] ?? '') ? '' : ' '}${newText}${text[end] === '#' ? ' ' : ''}`
  const [node, pair] = [document.nodeAt(path), document.pairAt(path)]
  const isBlock = (isMap(node) || isSeq(node)) && !node.flow
  if (!isBlock || !isNode(pair?.key) || !pair.key.range) return newText
  const [key, value] = [document.position(pair.key.range[0]), document.position(start)]
  return value.line > key.line && value.character <= key.character ? `  ${newText}` : newText
}

/** Length of the anchor or tag before `offset`; at most 200 characters. */
function lengthBefore({ text }: RecipeDocument, offset: number, properties: RegExp): number {
  return properties.exec(text.slice(Math.max(0, offset - 200), offset))?.[0].length ?? 0
}

export function renameKey(document: RecipeDocument, path: Path, key: string): TextEdit[] {
  const node = document.pairAt(path)?.key
  return isNode(node) && node.range ? [replaceRange(document, node.range[0], node.range[1], key)] : []
}

/** Removes a key with its value, or an item of a list; its parent too when nothing is left in it, except a step and a recovery. */
export function remove(document: RecipeDocument, path: Path): TextEdit[] {
  const parentPath = path.slice(0, -1)
  const parent = document.nodeAt(parentPath)
  if (!(isMap(parent) || isSeq(parent))) return []
  const key = path.at(-1)
  const index = isMap(parent) ? indexOfKey(parent, key) : Number(key)
  if (index < 0 || index >= parent.items.length) return []
  if (parent.items.length > 1) return removeFrom(document, parent, index)
  const isStep = isMap(parent) && (typeof parentPath.at(-1) === 'number' || parentPath.at(-1) === 'recover')
  return parent.flow || parentPath.length === 0 || isStep
    ? replaceValue(document, parentPath, isMap(parent) ? '{}' : '[]')
    : remove(document, parentPath)
}

/**
 * Removes the `index`-th of several pairs or items: for duplicate keys, which have the same path. No edits if an alias elsewhere
 * refers to an anchor in it.
 */
export function removeFrom(document: RecipeDocument, parent: YAMLMap | YAMLSeq, index: number): TextEdit[] {
  const edits = removal(document, parent, index)
  return edits.some((edit) => isMeantElsewhere(document, edit)) ? [] : edits
}

/** Whether the removed text has an anchor to which a remaining alias refers. */
function isMeantElsewhere(document: RecipeDocument, { range }: TextEdit): boolean {
  const [start, end] = [document.offset(range.start), document.offset(range.end)]
  const isIn = (node: Node) => node.range != null && node.range[0] >= start && node.range[1] <= end
  const { anchored, aliases } = namedNodes(document)
  if (aliases.length === 0) return false
  const anchors = new Set(anchored.filter(isIn).map(({ anchor }) => anchor))
  return anchors.size > 0 && aliases.some((alias) => anchors.has(alias.source) && !isIn(alias))
}

interface NamedNodes {
  readonly anchored: readonly (Node & { anchor?: string })[]
  readonly aliases: readonly Alias[]
}

/** Cached by tree: hundreds of fixes need them, and a tree may have a hundred thousand nodes. */
const named = new WeakMap<Node, NamedNodes>()

function namedNodes({ root }: RecipeDocument): NamedNodes {
  const anchored: (Node & { anchor?: string })[] = []
  const aliases: Alias[] = []
  if (!root) return { anchored, aliases }
  const known = named.get(root)
  if (known) return known
  visit(root, {
    Node(_, node) {
      if (isAlias(node)) aliases.push(node)
      else if (node.anchor !== undefined) anchored.push(node)
    },
  })
  named.set(root, { anchored, aliases })
  return { anchored, aliases }
}

function removal(document: RecipeDocument, parent: YAMLMap | YAMLSeq, index: number): TextEdit[] {
  const [start, end] = extentOf(parent.items[index], document)
  const next = parent.items[index + 1]
  if (parent.flow) {
    if (next !== undefined) return [replaceRange(document, start, extentOf(next, document)[0], '')]
    return [replaceRange(document, extentOf(parent.items[index - 1], document)[1], end, '')]
  }
  const lineStart = isSeq(parent) ? lineOfDash(document, parent, start) : startOfLine(document, start)
  const lead = document.text.slice(lineStart, start)
  // `- method: wanda` on the line of its dash: the next key takes its place.
  if (isMap(parent) && lead.trim() !== '' && next !== undefined) {
    return [replaceRange(document, start, extentOf(next, document)[0], '')]
  }
  const lineEnd = document.text.indexOf('\n', Math.max(start, end - 1))
  return [replaceRange(document, lineStart, lineEnd < 0 ? document.text.length : lineEnd + 1, '')]
}

/** Offsets of an item with its anchor and tag, or of a pair, without the comments and white space after it. */
function extentOf(item: unknown, document: RecipeDocument): [number, number] {
  const nodes = (isNode(item) ? [item] : [(item as Pair).key, (item as Pair).value]).filter(isNode)
  const start = nodes.find(({ range }) => range)?.range?.[0] ?? 0
  const end = Math.max(start, ...nodes.map((node) => endOf(node, document.text)))
  // An anchor or tag before the first key of a map belongs to the map.
  return [isNode(item) ? start - lengthBefore(document, start, /(?:[&!][^\s,[\]{}]*\s+)+$/) : start, end]
}

/** Gives a key of the map at a path this value, whether it is there or not. */
export function setKey(document: RecipeDocument, path: Path, key: string, value: string): TextEdit[] {
  return document.pairAt([...path, key])
    ? replaceValue(document, [...path, key], value)
    : insertKey(document, path, key, value)
}

/** Adds `key: value` to the map at a path, which is made at the end of the text when it is a missing top-level key. */
export function insertKey(document: RecipeDocument, path: Path, key: string, value: string): TextEdit[] {
  const map = document.nodeAt(path)
  if (!isMap(map)) {
    if (path.length !== 1 || document.pairAt(path) || !isMap(document.root)) return []
    return insertKey(document, [], String(path[0]), `{${key}: ${value}}`)
  }
  if (map.flow) {
    const at = (map.range?.[0] ?? 0) + 1
    return [replaceRange(document, at, at, map.items.length > 0 ? `${key}: ${value}, ` : `${key}: ${value}`)]
  }
  const first = map.items[0]
  const last = map.items.at(-1)
  if (!first || !last) return []
  const [start] = extentOf(first, document)
  const indent = document.position(start).character
  const end = extentOf(last, document)[1]
  const lineEnd = document.text.indexOf('\n', Math.max(0, end - 1))
  const line = `${' '.repeat(indent)}${key}: ${value}`
  return lineEnd < 0
    ? [replaceRange(document, document.text.length, document.text.length, `\n${line}\n`)]
    : [replaceRange(document, lineEnd + 1, lineEnd + 1, `${line}\n`)]
}

/** Adds an item at the end of the list at a path. */
export function appendItem(document: RecipeDocument, path: Path, value: string): TextEdit[] {
  const list = document.nodeAt(path)
  if (!isSeq(list)) return []
  const last = list.items.at(-1)
  if (list.flow) {
    const at = last === undefined ? (list.range?.[0] ?? 0) + 1 : extentOf(last, document)[1]
    return [replaceRange(document, at, at, last === undefined ? value : `, ${value}`)]
  }
  if (last === undefined) return []
  const [, end] = extentOf(last, document)
  const column = document.position(list.range?.[0] ?? 0).character
  // Text behind the last value on its line is a comment on that value.
  const lineEnd = document.text.indexOf('\n', end)
  const at = lineEnd < 0 ? document.text.length : lineEnd
  return [replaceRange(document, at, at, `\n${' '.repeat(column)}- ${value}`)]
}

function startOfLine({ text }: RecipeDocument, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1
}

/** Start of the line with the dash of the item that begins at `start`; an anchor or a tag may put line ends between them. */
function lineOfDash(document: RecipeDocument, list: YAMLSeq, start: number): number {
  const first = list.range?.[0] ?? 0
  const { character } = document.position(first)
  let line = startOfLine(document, start)
  while (line > first && document.text[line + character] !== '-') line = startOfLine(document, line - 1)
  return line
}

/** A plain scalar where YAML 1.1 and 1.2 agree that it is this string, else a quoted one. */
export function scalarText(value: string): string {
  return /^[A-Za-z_./~][\w./-]*$/.test(value) && !/^(?:y|n|yes|no|on|off|true|false|null|~)$/i.test(value)
    ? value
    : JSON.stringify(value)
}

/** A value as YAML on one line. */
export function flowText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, inner]) => `${key}: ${flowText(inner)}`)
      .join(', ')}}`
  return typeof value === 'number' ? numberText(value) : typeof value === 'string' ? scalarText(value) : String(value)
}

/** Numbers that every YAML reads as numbers: PyYAML wants a dot and a sign in `5.0e-4`. */
export function numberText(value: number): string {
  const text = String(value)
  if (!text.includes('e')) return text
  const [digits, exponent] = text.split('e')
  return `${digits.includes('.') ? digits : `${digits}.0`}e${/^[+-]/.test(exponent) ? '' : '+'}${exponent}`
}

// The edits that make a recovery of a recipe train something else.
/**
 * `recovery`: index in the recipe's list. A `rank` of null leaves the rank as it is. Empty where the text has no such recovery that
 * can be edited.
 */
export function trainEdits(text: string, recovery: number, train: readonly string[], rank: number | null): TextEdit[] {
  const document = readDocument(text)
  const path = isSeq(document.nodeAt(['recover'])) ? ['recover', recovery] : ['recover']
  if (!isMap(document.nodeAt(path))) return []
  const edits = setKey(document, path, 'train', flowText(train))
  if (rank === null) return edits
  const lora = [...path, 'lora']
  return [
    ...edits,
    ...(isMap(document.nodeAt(lora))
      ? setKey(document, lora, 'rank', String(rank))
      : setKey(document, path, 'lora', `{rank: ${rank}}`)),
  ]
}
