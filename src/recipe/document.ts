// A recipe's text with its YAML tree: values for validation, ranges for messages. Malformed text is a finding like any
// other: size, depth and aliases are limited, and nothing here throws for any text.
import { isMap, isNode, isPair, isScalar, isSeq, Lexer, LineCounter, parseDocument, visit } from 'yaml'
import type { Document, Node, Pair, YAMLMap } from 'yaml'
import type { Path, Position, Range } from './finding.ts'

export type { Path } from './finding.ts'

/** A mistake of YAML itself; `code` is that of the parser. Offsets into the text. */
export interface SyntaxProblem {
  code: string
  message: string
  start: number
  end: number
}

export interface RecipeDocument {
  readonly text: string
  /** Null for an empty text and for one that could not be parsed at all. */
  readonly root: Node | null
  readonly problems: readonly SyntaxProblem[]
  /** The plain value, for validation; undefined when the syntax is broken. */
  readonly value: unknown
  /** The node at a path, or null. */
  nodeAt(path: Path): Node | null
  pairAt(path: Path): Pair | null
  /** Range of the value at a path, or of its key; without one, of the nearest parent. */
  rangeOf(path: Path, part?: 'value' | 'key'): Range
  range(start: number, end: number): Range
  position(offset: number): Position
  offset(position: Position): number
}

const maxTextLength = 1_000_000
const maxDepth = 50
const maxAliases = 50
/** The lexer's token before the text of a plain or block scalar. */
const scalarFollows = '\x1f'
const tooDeepMessage = `This recipe nests deeper than ${maxDepth} levels`

export function readDocument(text: string): RecipeDocument {
  const problems: SyntaxProblem[] = []
  const refuse = (message: string) => problems.push({ code: 'REFUSED', message, start: 0, end: lineEnd(text, 0) })
  let root: Node | null = null
  let value: unknown
  if (text.length > maxTextLength) refuse('This recipe is longer than a million characters')
  else if (tooDeep(text)) refuse(tooDeepMessage)
  else {
    try {
      // Rule Y1 finds keys that appear twice; the parser would compare every key with every other.
      const parsed = parseDocument(text, { uniqueKeys: false, prettyErrors: false })
      const { depth, oddKeys } = survey(parsed.contents)
      if (depth > maxDepth) refuse(tooDeepMessage)
      else {
        for (const e of [...parsed.errors, ...parsed.warnings, ...oddKeys]) problems.push(problemOf(e, text))
        root = parsed.contents
        if (oddKeys.length === 0) value = valueOf(parsed)
      }
    } catch (error) {
      const reason =
        error instanceof RangeError ? 'it nests too deep' : error instanceof Error ? error.message : 'unknown'
      refuse(`This text cannot be read as YAML: ${reason}`)
    }
  }
  return documentOf(text, root, problems, value)
}

/** A problem as the parser reports it. */
interface Problem {
  code: string
  message: string
  pos: [number, number]
}

function problemOf(e: Problem, text: string): SyntaxProblem {
  // An empty range is not visible: include the character before or after.
  const start = Math.min(e.pos[0], Math.max(0, text.length - 1))
  const message =
    e.code === 'MULTIPLE_DOCS' ? 'A file holds one recipe: put the other into a file of its own' : e.message
  return { code: e.code, message, start, end: Math.max(e.pos[1], start + 1) }
}

function valueOf(document: Document): unknown {
  if (document.errors.length > 0) return undefined
  const value: unknown = document.toJS({ maxAliasCount: maxAliases })
  if (hasCycle(document)) throw new Error('an alias is inside the value that it names')
  return value
}

/** An alias inside the value of its own anchor would make an infinite value. */
function hasCycle(document: Document): boolean {
  let found = false
  visit(document, {
    Alias(_, { source }, ancestors) {
      found ||= ancestors.some((node) => isNode(node) && 'anchor' in node && node.anchor === source)
      return found ? visit.BREAK : undefined
    },
  })
  return found
}

/**
 * A cheap check before parsing: the parser builds regular expressions as long as the indentation, and thousands of levels
 * of them abort the process (seen with yaml 2.9.1 on Node 20), which `catch` cannot prevent.
 */
function tooDeep(text: string): boolean {
  if (/^(?:[ \t]|[-?:][ \t]){200}/m.test(text)) return true
  if ((text.match(/[[{]/g)?.length ?? 0) <= maxDepth) return false
  // Brackets in quotes and comments open and close nothing.
  let [open, before] = [0, '']
  for (const token of new Lexer().lex(text)) {
    if (before !== scalarFollows && (token === '[' || token === '{')) open++
    else if (before !== scalarFollows && (token === ']' || token === '}')) open = Math.max(0, open - 1)
    if (open > maxDepth) return true
    before = token
  }
  return false
}

/** Depth of the tree, aliases not followed and not beyond the limit; and keys that are no plain values. */
function survey(root: unknown): { depth: number; oddKeys: Problem[] } {
  const oddKeys: Problem[] = []
  let deepest = 0
  const pending: [unknown, number][] = [[root, 1]]
  for (let item = pending.pop(); item && deepest <= maxDepth; item = pending.pop()) {
    const [node, depth] = item
    deepest = Math.max(deepest, depth)
    if (isPair(node)) {
      pending.push([node.key, depth], [node.value, depth])
      if (isNode(node.key) && !isScalar(node.key)) {
        const [start, end] = node.key.range ?? [0, 0, 0]
        oddKeys.push({ code: 'ODD_KEY', message: 'A key is a word, not a list, a map or an alias', pos: [start, end] })
      }
    } else if (isMap(node) || isSeq(node)) for (const child of node.items) pending.push([child, depth + 1])
  }
  return { depth: deepest, oddKeys }
}

function documentOf(text: string, root: Node | null, problems: SyntaxProblem[], value: unknown): RecipeDocument {
  const lines = new LineCounter()
  lines.addNewLine(0)
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1)
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: line - 1, character: col - 1 }
  }
  const range = (start: number, end: number): Range => ({ start: position(start), end: position(end) })

  const pairAt = (path: Path): Pair | null => {
    const parent = nodeAt(path.slice(0, -1))
    const key = path.at(-1)
    if (!isMap(parent)) return null
    return parent.items[indexOfKey(parent, key)] ?? null
  }
  const nodeAt = (path: Path): Node | null => {
    let node: unknown = root
    for (const key of path) {
      if (isMap(node)) node = node.items[indexOfKey(node, key)]?.value
      else if (isSeq(node) && typeof key === 'number') node = node.items[key]
      else return null
    }
    return isNode(node) ? node : null
  }

  const rangeOf = (path: Path, part: 'value' | 'key' = 'value'): Range => {
    const pair = pairAt(path)
    const key = isNode(pair?.key) ? pair.key.range : null
    if (part === 'key' && key) return range(key[0], key[1])
    const node = nodeAt(path)
    if (node?.range) {
      const [start, end] = [node.range[0], endOf(node, text)]
      if (end > start) return range(start, end)
    }
    if (key) return range(key[0], key[1])
    if (path.length > 0) return rangeOf(path.slice(0, -1), 'key')
    return range(0, lineEnd(text, 0))
  }
  return {
    text,
    root,
    problems,
    value,
    nodeAt,
    pairAt,
    rangeOf,
    range,
    position,
    offset: (p) => Math.min((lines.lineStarts[p.line] ?? text.length) + p.character, text.length),
  }
}

/** The end of the last value in a node. The parser counts line ends and comments that follow a block to the block. */
export function endOf(node: Node, text: string): number {
  const [start, end] = node.range ?? [0, 0]
  if ((isMap(node) || isSeq(node)) && !node.flow && node.items.length > 0) {
    const last: unknown = node.items.at(-1)
    if (!isPair(last)) return isNode(last) ? endOf(last, text) : end
    const ends = [last.key, last.value].map((part) => (isNode(part) ? endOf(part, text) : 0))
    return Math.max(start, ...ends)
  }
  return isScalar(node) ? start + text.slice(start, end).trimEnd().length : end
}

/** Text of a pair's key; null when the key is not a scalar. */
export function keyOf(pair: Pair): string | null {
  return isScalar(pair.key) ? String(pair.key.value) : typeof pair.key === 'string' ? pair.key : null
}

/** Whether a key or value begins before `offset` and ends after it. */
export function isInsideText({ root }: Pick<RecipeDocument, 'root'>, offset: number): boolean {
  let inside = false
  visit(root, {
    Scalar(_, { range }) {
      inside ||= range != null && range[0] < offset && offset < range[1]
    },
  })
  return inside
}

const indexes = new WeakMap<YAMLMap, ReadonlyMap<string, number>>()

/** Index of a key in a map, -1 when it is not there. The last of duplicate keys counts, as in the value. */
export function indexOfKey(map: YAMLMap, key: unknown): number {
  let known = indexes.get(map)
  if (!known) {
    known = new Map(map.items.flatMap((pair, i) => (keyOf(pair) === null ? [] : [[keyOf(pair) as string, i] as const])))
    indexes.set(map, known)
  }
  return known.get(String(key)) ?? -1
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

/** Path of the innermost value or key at an offset; null outside of everything. */
export function pathAt(document: RecipeDocument, offset: number): Path | null {
  const path: (string | number)[] = []
  let node: unknown = document.root
  if (!isNode(node)) return null
  for (;;) {
    const next = childAt(node, offset)
    if (!next) return path
    path.push(next.key)
    if (next.node === null) return path
    node = next.node
  }
}

function childAt(node: unknown, offset: number): { key: string | number; node: unknown } | null {
  if (isMap(node)) {
    for (const pair of node.items) {
      const key = keyOf(pair)
      if (key === null) continue
      if (isScalar(pair.key) && covers(pair.key, offset)) return { key, node: null }
      if (covers(pair.value, offset)) return { key, node: pair.value }
    }
  } else if (isSeq(node)) {
    const index = node.items.findIndex((item) => covers(item, offset))
    if (index >= 0) return { key: index, node: node.items[index] }
  }
  return null
}

function covers(node: unknown, offset: number): boolean {
  return isNode(node) && node.range ? offset >= node.range[0] && offset <= node.range[1] : false
}
