// Completion: keys and values from the schema, and what only the checkpoint and the folder know: module names, regular
// expressions with the number of modules they match, files, fields of data.
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CompletionItemKind } from 'vscode-languageserver/node'
import type { CompletionItem, Position } from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import { formatCompact } from '../../shared/format/numbers.ts'
import type { Path } from '../../shared/recipe/document.ts'
import { targetText } from '../../shared/recipe/patternText.ts'
import type { Analysis } from '../analyses.ts'
import { completionPlace } from '../completionPlace.ts'
import type { CompletionPlace } from '../completionPlace.ts'
import { isSafe } from '../safe.ts'
import { withoutModeline, yamlService } from '../yamlService.ts'

export async function completion(
  document: TextDocument,
  analysis: Analysis,
  position: Position,
): Promise<CompletionItem[]> {
  const place = completionPlace(document, position)
  const own = place ? await ownItems(place, analysis) : []
  if (own.length > 0 || !isSafe(analysis)) return own
  const list = await (await yamlService()).doComplete(withoutModeline(document), position, false)
  return list.items as CompletionItem[]
}

async function ownItems(place: CompletionPlace, analysis: Analysis): Promise<CompletionItem[]> {
  const key = place.path.findLast((p) => typeof p === 'string')
  const replace = (item: CompletionItem, text: string): CompletionItem => ({
    ...item,
    filterText: text,
    textEdit: { range: place.range, newText: text },
  })
  switch (key) {
    case 'targets':
    case 'ignore':
      return targetItems(analysis).map((item) => replace(item, targetText(item.label)))
    case 'model':
    case 'data':
    case 'init':
      return (await pathItems(place, analysis, key)).map((item) => replace(item, item.label))
    case 'field':
      return fieldItems(place.path, analysis).map((item) => replace(item, item.label))
    default:
      return []
  }
}

/** Names of what can be matched; regular expressions for modules of one kind over all blocks, and for whole blocks. */
function targetItems({ facts, context }: Analysis): CompletionItem[] {
  const linears = facts?.model?.modules.filter((m) => m.kind === 'linear') ?? []
  const entries = new Map<string, CompletionItemKind>([['Linear', CompletionItemKind.Class]])
  for (const { name, block } of linears) {
    if (block === null) continue
    const [before, after] = splitAtBlock(name, block)
    entries.set(`re:.*${escape(after.replace(/\.\d+\./g, '.'))}$`, CompletionItemKind.Value)
    entries.set(`re:${escape(before)}${block}\\.`, CompletionItemKind.Value)
  }
  for (const { name } of linears) entries.set(name, CompletionItemKind.Module)
  return [...entries].map(([label, kind], i) => {
    const matched = context.matched(label).filter((m) => m.kind === 'linear')
    const weights = matched.reduce((n, m) => n + m.rows * m.columns, 0)
    const detail = matched.length > 0 ? `${matched.length} modules, ${formatCompact(weights)} weights` : undefined
    return { label, kind, detail, sortText: String(i).padStart(6, '0') }
  })
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

/** Files and folders one level below what is written already. */
async function pathItems(place: CompletionPlace, { folder }: Analysis, key: string): Promise<CompletionItem[]> {
  if (folder === null) return []
  const typed = place.text.replace(/[^/]*$/, '')
  const found = await readdir(join(folder, typed), { withFileTypes: true }).catch(() => [])
  const items = found.slice(0, 2000).flatMap((entry): CompletionItem[] => {
    if (hidden.test(entry.name)) return []
    if (entry.isDirectory())
      return [{ label: `${typed}${entry.name}${key === 'model' ? '' : '/'}`, kind: CompletionItemKind.Folder }]
    const fits = key === 'data' ? dataFile.test(entry.name) : key === 'init' && entry.name.endsWith('.safetensors')
    return fits ? [{ label: `${typed}${entry.name}`, kind: CompletionItemKind.File }] : []
  })
  return typed === '' ? [...items, { label: '../', kind: CompletionItemKind.Folder, detail: dirname(folder) }] : items
}

function fieldItems(path: Path, { facts, context }: Analysis): CompletionItem[] {
  const data = context.get([...path.slice(0, -1), 'data'])
  const fields = typeof data === 'string' ? facts?.data.get(data)?.fields : null
  return (fields ?? []).map((label) => ({ label, kind: CompletionItemKind.Field }))
}
