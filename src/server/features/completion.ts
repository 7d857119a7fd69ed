// Completion: keys and values from the schema, and from the checkpoint and the files: module names, regular expressions with the
// number of modules that they match, paths, and fields of data.
import { type Dirent, readFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import {
  type CompletionItem,
  CompletionItemKind,
  InsertTextFormat,
  type Position,
  type Range,
} from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import { CST, isScalar, Lexer } from 'yaml'
import { formatCompact, plural } from '../../formatting/numbers.ts'
import type { ModelModule } from '../../recipe/facts.ts'
import { type Path, pathAt, readDocument } from '../../recipe/document.ts'
import { targetText } from '../../lint/sourceText.ts'
import type { Analysis } from '../analyses.ts'
import { isNetworkPath } from '../../engine/checkpoint/regularFile.ts'
import { isSafe, withoutModeline, yamlService } from '../yamlService.ts'

export async function completion(
  document: TextDocument,
  analysis: Analysis,
  position: Position,
): Promise<CompletionItem[]> {
  const place = completionPlace(document, position)
  const own = place ? await ownItems(place, analysis) : []
  if (own.length > 0 || !isSafe(analysis) || isInComment(document.getText(), document.offsetAt(position))) return own
  const list = await (await yamlService()).doComplete(withoutModeline(document), position, false)
  return list.items as CompletionItem[]
}

async function ownItems(place: CompletionPlace, analysis: Analysis): Promise<CompletionItem[]> {
  const key = place.path.findLast((p) => typeof p === 'string')
  // Editors compare `filterText` with the text of the range, which includes the quote.
  const replace = (item: CompletionItem, plain: string): CompletionItem => {
    const newText = quoted(item.label, place.quote) ?? plain
    return { ...item, filterText: place.quote ? newText : item.label, textEdit: { range: place.range, newText } }
  }
  switch (key) {
    case 'targets':
    case 'ignore':
      // Those of a recovery are words of the schema.
      if (place.path[0] !== 'prune') return []
      return targetItems(analysis).map((item) => replace(item, targetText(item.label)))
    case 'model':
    case 'data':
    case 'init':
    case 'adapter':
      return (await pathItems(place, analysis, key)).map((item) => replace(item, plainText(item.label)))
    case 'field':
      return fieldItems(place.path, analysis).map((item) => replace(item, plainText(item.label)))
    default:
      return []
  }
}

/** A value in the quotes that the user typed; null without quotes. */
function quoted(value: string, quote: CompletionPlace['quote']): string | null {
  if (quote === '') return null
  return quote === '"' ? JSON.stringify(value) : `'${value.replaceAll("'", "''")}'`
}

/** A path or a name as YAML text: unquoted only if no part of it has another meaning in YAML, as ` #` and `: ` have. */
function plainText(value: string): string {
  return /^[A-Za-z_./~][\w./~+@=-]*$/.test(value) && !/^(?:true|false|null|yes|no|on|off|~)$/i.test(value)
    ? value
    : JSON.stringify(value)
}

/**
 * Possible targets: the class, regular expressions for the modules of one kind over all blocks and for whole blocks, then every name.
 * Their modules are counted on the way, because matching thousands of expressions with thousands of names takes long.
 */
function targetItems({ facts }: Analysis): CompletionItem[] {
  const found = new Map<string, { kind: CompletionItemKind; modules: number; weights: number }>()
  const count = (label: string, kind: CompletionItemKind, module: ModelModule) => {
    const entry = found.get(label) ?? { kind, modules: 0, weights: 0 }
    found.set(label, { kind, modules: entry.modules + 1, weights: entry.weights + module.rows * module.columns })
  }
  const linears = facts?.model?.modules.filter((m) => m.kind === 'linear') ?? []
  for (const module of linears) {
    count('Linear', CompletionItemKind.Class, module)
    if (module.block === null) continue
    const [before, after] = splitAtBlock(module.name, module.block)
    count(`re:.*\\.${escape(after).replace(/\\\.\d+\\\./g, '\\.\\d+\\.')}$`, CompletionItemKind.Value, module)
    count(`re:${escape(before)}${module.block}\\.`, CompletionItemKind.Value, module)
  }
  for (const module of linears) count(module.name, CompletionItemKind.Module, module)
  return [...found].map(([label, { kind, modules, weights }], i) => ({
    label,
    kind,
    detail: `${plural(modules, 'module')}, ${formatCompact(weights)} weights`,
    sortText: String(i).padStart(6, '0'),
  }))
}

function splitAtBlock(name: string, block: number): [string, string] {
  const at = name.indexOf(`.${block}.`)
  return at < 0 ? ['', name] : [name.slice(0, at + 1), name.slice(at + `.${block}.`.length)]
}

function escape(name: string): string {
  return name.replaceAll('.', '\\.')
}

const dataFile = /\.(?:txt|jsonl|ndjson|jsonl\.gz|ndjson\.gz|parquet|safetensors)$/
const hidden = /^(?:\.|node_modules$)/

/** Whether an entry is a folder, or a symbolic link to one, as is common for models on clusters. */
async function isFolder(parent: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  const target = await stat(resolve(parent, entry.name)).catch(() => null)
  return target?.isDirectory() ?? false
}

/** Files and folders one level below the typed path. */
async function pathItems(place: CompletionPlace, { folder }: Analysis, key: string): Promise<CompletionItem[]> {
  if (folder === null) return []
  const typed = place.text.replace(/[^/]*$/, '')
  if (isNetworkPath(typed)) return []
  const found = await readdir(resolve(folder, typed), { withFileTypes: true }).catch(() => [])
  const near = found.slice(0, 2000).filter(({ name }) => !hidden.test(name))
  const folders = new Set<string>()
  for (const entry of near) if (await isFolder(resolve(folder, typed), entry)) folders.add(entry.name)
  const items = near.flatMap((entry): CompletionItem[] => {
    if (folders.has(entry.name))
      return [
        {
          label: `${typed}${entry.name}${key === 'model' || key === 'adapter' ? '' : '/'}`,
          kind: CompletionItemKind.Folder,
        },
      ]
    const fits = key === 'data' ? dataFile.test(entry.name) : key === 'init' && entry.name.endsWith('.safetensors')
    return fits ? [{ label: `${typed}${entry.name}`, kind: CompletionItemKind.File }] : []
  })
  return typed === '' ? [...items, { label: '../', kind: CompletionItemKind.Folder, detail: dirname(folder) }] : items
}

function fieldItems(path: Path, { facts, context }: Analysis): CompletionItem[] {
  const data = context.get([...path.slice(0, -1), 'data'])
  const first: unknown = Array.isArray(data) ? data[0] : data
  const fields = typeof first === 'string' ? facts?.data.get(first)?.fields : null
  return (fields ?? []).map((label) => ({ label, kind: CompletionItemKind.Field }))
}

interface Snippet {
  description: string
  body: string[]
  isFileTemplate?: boolean
}

type Templates = readonly { name: string; description: string; text: string }[]

/**
 * Whole recipes for an empty file. Their snippets have no prefix, because with a prefix the editor would offer them inside every value.
 * `root`: the extension's folder.
 */
export function readTemplates(root: string): Templates {
  try {
    const text = readFileSync(join(root, 'syntaxes', 'prune-recipe.snippets.json'), 'utf8')
    return Object.entries(JSON.parse(text) as Record<string, Snippet>).flatMap(([name, snippet]) =>
      snippet.isFileTemplate ? [{ name, description: snippet.description, text: `${snippet.body.join('\n')}\n` }] : [],
    )
  } catch {
    return []
  }
}

/** Offers the templates while the file contains only comments and the beginning of one word. */
export function templateItems(templates: Templates, document: TextDocument, position: Position): CompletionItem[] {
  const written = document.getText().replace(/^\s*#.*$/gm, '')
  const line = document.getText({ start: { line: position.line, character: 0 }, end: position })
  if (!/^\s*[\w-]*\s*$/.test(written) || !/^[\w-]*$/.test(line)) return []
  const range = { start: { line: position.line, character: 0 }, end: position }
  return templates.map(({ name, description, text }) => ({
    label: name,
    detail: description,
    kind: CompletionItemKind.Snippet,
    insertTextFormat: InsertTextFormat.Snippet,
    textEdit: { range, newText: text },
  }))
}

// The item at a position of a recipe: the value to complete, or a comment.
export interface CompletionPlace {
  /** Path of the value, list indices included: ['prune', 0, 'targets', 1]. */
  path: Path
  /** Its text up to the cursor, without quotes. */
  text: string
  /** The quote that it begins with, or ''. */
  quote: '"' | "'" | ''
  /** Range that a completed value replaces, its quotes included. */
  range: Range
}

const letter = 'x'

/**
 * The value at the cursor; null where no value is being typed, as in a key or a comment. Where a value is still missing, a letter is
 * inserted in its place; the parser, which tolerates other errors, then gives its path.
 */
export function completionPlace(document: TextDocument, position: Position): CompletionPlace | null {
  const text = document.getText()
  const offset = document.offsetAt(position)
  // Between separators there is no text yet, and `re:` alone would be a key.
  const missing = /(?:^|[\s[{,]|\bre:)$/.test(text.slice(0, offset)) && /^(?:[\s\]},]|$)/.test(text.slice(offset))
  const added = missing ? letter.length : 0
  const tree = readDocument(missing ? text.slice(0, offset) + letter + text.slice(offset) : text)
  const path = pathAt(tree, offset)
  const node = path ? tree.nodeAt(path) : null
  if (!path || !isScalar(node) || !node.range) return null
  const [start, end] = node.range
  // If the cursor is on a key, the node is the key's value, which is elsewhere.
  if (offset < start || offset > end) return null
  // A quote that is not closed yet spans several lines; only the cursor's line is completed.
  const lineEnd = /[\r\n]/.exec(text.slice(offset))?.index ?? Infinity
  if (/\n/.test(text.slice(start, offset))) return null
  const first = text[start]
  return {
    path,
    quote: first === '"' || first === "'" ? first : '',
    text: text.slice(start, offset).replace(/^["']/, ''),
    range: { start: document.positionAt(start), end: document.positionAt(Math.min(end - added, offset + lineEnd)) },
  }
}

/** Whether a cursor is in a comment, where nothing is completed. Directly before the `#` is outside, the end of the line is inside. */
export function isInComment(text: string, offset: number): boolean {
  let at = 0
  let isContent = false
  for (const lexeme of new Lexer().lex(text)) {
    const type = CST.tokenType(lexeme)
    // These marks are inserted by the lexer and are not in the text. The lexeme after a scalar mark is content, whatever it looks like.
    if (!isContent && (type === 'doc-mode' || type === 'flow-error-end' || type === 'scalar')) {
      isContent = type === 'scalar'
      continue
    }
    const end = at + lexeme.length
    if (offset <= end && offset > at && !isContent && type === 'comment') return true
    if (at >= offset) return false
    isContent = false
    at = end
  }
  return false
}
