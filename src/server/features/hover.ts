// Hover: the meaning of a key, the matches of a target, the zeros of a sparsity, and the reason for a finding.
import { type Hover, MarkupKind, type Position } from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import { viewModel } from '../../plan/modelView.ts'
import { sparsityOfBlock } from '../../recipe/resolve.ts'
import { formatBytes, formatCompact, formatRequested, plural } from '../../formatting/numbers.ts'
import { type Path, pathAt } from '../../recipe/document.ts'
import { isPrunable } from '../../recipe/facts.ts'
import type { Analysis } from '../analyses.ts'
import { isSafe, withoutModeline, yamlService } from '../yamlService.ts'

export async function hover(document: TextDocument, analysis: Analysis, position: Position): Promise<Hover | null> {
  if (!isSafe(analysis)) return null
  const path = pathAt(analysis.document, analysis.document.offset(position))
  const parts = path ? [matches(path, analysis), results(path, analysis), dataOf(path, analysis)] : []
  const own = parts.filter((p) => p !== null)
  const fromSchema = await (await yamlService()).doHover(withoutModeline(document), position)
  const schemaText =
    typeof fromSchema?.contents === 'object' && 'value' in fromSchema.contents ? fromSchema.contents.value : ''
  const cleaned = schemaText.replace(/\n*Source: \[[^\]]*\]\([^)]*\)\s*$/, '')
  const value = [...own, cleaned].filter((p) => p !== '').join('\n\n')
  if (value === '') return null
  return { contents: { kind: MarkupKind.Markdown, value }, range: fromSchema?.range }
}

const shown = 8

function matches(path: Path, { context, facts }: Analysis): string | null {
  const kind = path.at(-2)
  const entry = context.get(path)
  if ((kind !== 'targets' && kind !== 'ignore') || typeof entry !== 'string' || !facts?.model?.modelConfig) return null
  const found = context.matched(entry).filter(isPrunable)
  const weights = found.reduce((n, m) => n + m.rows * m.columns, 0)
  const list = found.slice(0, shown).map((m) => `- ${asCode(m.name)} [${m.rows}, ${m.columns}]`)
  const more = found.length > shown ? `\n- … and ${found.length - shown} more` : ''
  return `Matches **${plural(found.length, 'module')}**, ${formatCompact(weights)} weights\n\n${list.join('\n')}${more}`
}

/** The effect of a step on the model. */
function results(path: Path, { context, facts }: Analysis): string | null {
  if (
    path[0] !== 'prune' ||
    typeof path[1] !== 'number' ||
    path.length < 3 ||
    path[2] === 'targets' ||
    path[2] === 'ignore'
  )
    return null
  const step = context.resolved.prune[path[1]]
  const model = facts?.model
  if (!step || !model?.modelConfig) return null
  const blocks = model.modelConfig.numBlocks
  const modules = viewModel(model.modelConfig, model.modules).prunedBy(step)
  const weights = modules.reduce((n, m) => n + m.rows * m.columns, 0)
  const zeros = modules.reduce(
    (n, m) => n + m.rows * m.columns * sparsityOfBlock(step.sparsity, m.block ?? 0, blocks),
    0,
  )
  if (weights === 0) return null
  return `This step makes about **${formatCompact(zeros)} zeros** in ${formatCompact(weights)} weights of ${modules.length} modules: ${formatRequested(zeros / weights)}.`
}

function dataOf(path: Path, { context, facts }: Analysis): string | null {
  const value = path.findLast((key) => typeof key === 'string') === 'data' ? context.get(path) : undefined
  const file = typeof value === 'string' ? facts?.data.get(value) : undefined
  if (!file?.exists) return null
  const parts = [formatBytes(file.bytes)]
  if (file.documents !== null) parts.push(`${file.documents} documents`)
  for (const [name, shape] of file.shapes) parts.push(`${asText(name)} [${shape.join(', ')}]`)
  if (file.fields && file.shapes.size === 0) parts.push(`fields ${file.fields.map(asText).join(', ')}`)
  return parts.join(' · ')
}

/** A name from a file, for text that editors render: escapes every character that has a meaning in Markdown or HTML. */
function asText(name: string): string {
  return name.replace(/[!-/:-@[-`{-~]/g, '\\$&')
}

/** A name as a code span, delimited by more backticks than the name has in a row. */
function asCode(name: string): string {
  const longest = Math.max(0, ...[...name.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return longest > 0 ? `${fence} ${name} ${fence}` : `${fence}${name}${fence}`
}
