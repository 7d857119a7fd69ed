// Exports of the view: CSV and JSON of the table's rows in their order, pictures of the map, a one-page report.
import { escapeText } from '../../src/charts/shape.ts'
import { toCsv } from '../../src/formatting/tables.ts'
import { formatBytes, formatCompact, formatShape, formatShare } from '../../src/formatting/numbers.ts'
import type { ModelSummary, TensorRow, TensorStats } from '../../src/protocol/inspect.ts'
import { moduleOfWeight } from '../../src/catalog/families/parameters.ts'
import { measuresOf, type Known } from './measures.ts'
import { roleTotals } from './summary.ts'

type Stats = ReadonlyMap<string, TensorStats>

const patterns = ['2:4', '4:8']

/** The table's rows with their statistics, and a column for each other measure of the map. */
export function csvFile(rows: readonly TensorRow[], known: Known): string {
  const { stats } = known
  const shown = new Set(['sparsity', 'std'])
  const measured = measuresOf(known).filter(({ id }) => !shown.has(id))
  const header = [
    ...['name', 'role', 'block', 'module', 'dtype', 'shape', 'parameters', 'bytes', 'file', 'zeros', 'sparsity'],
    ...['min', 'max', 'mean', 'std', 'non_finite'],
    ...patterns.flatMap((p) => [`${p} groups`, `${p} violations`]),
    ...measured.map(({ id }) => id),
  ]
  const lines = rows.map((t) => {
    const s = stats.get(t.name)
    const nm = patterns.flatMap((p) => [s?.nm[p]?.groups, s?.nm[p]?.violations])
    const shape = t.shape.join('x')
    const { name, role, block, module, dtype, parameters, bytes, file } = t
    const head = [name, role, block, module, dtype, shape, parameters, bytes, file, s?.zeros, s?.sparsity]
    return [...head, s?.min, s?.max, s?.mean, s?.std, s?.nonFinite, ...nm, ...measured.map((m) => m.of(t, known))]
  })
  return toCsv(header, lines)
}

export function jsonFile(model: ModelSummary, rows: readonly TensorRow[], { stats, analysis }: Known): string {
  const tensors = rows.map((t) => ({
    ...t,
    stats: stats.get(t.name) ?? null,
    analysis: analysis.get(moduleOfWeight(t.name)) ?? null,
  }))
  const { label, modelType, parameters, bytes, metadata } = model
  const totals = roleTotals(model, stats)
  return JSON.stringify({ label, modelType, parameters, bytes, metadata, totals, tensors }, null, 2)
}

/** A self-contained page: totals, the map, the table. */
export function htmlFile(model: ModelSummary, rows: readonly TensorRow[], stats: Stats, picture: string): string {
  const totals = roleTotals(model, stats).map((t) => [
    t.title,
    t.definition,
    formatCompact(t.parameters),
    t.scanned === 0 ? 'not computed' : formatShare(t.zeros / Math.max(1, t.scannedParameters)),
  ])
  const lines = rows.map((t) => {
    const s = stats.get(t.name)
    return [t.name, t.role, t.dtype, formatShape(t.shape), formatBytes(t.bytes), s ? formatShare(s.sparsity) : '–']
  })
  const style =
    'body{font:14px/1.45 sans-serif;margin:2em auto;max-width:70em;padding:0 1em}table{border-collapse:collapse}' +
    'td,th{padding:2px 10px;border-bottom:1px solid #ddd;text-align:left}svg{max-width:100%;height:auto}'
  const page = [
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeText(model.label)}</title><style>${style}</style>`,
    `<h1>${escapeText(model.label)}</h1>`,
    `<p>${escapeText(model.modelType ?? 'unknown model type')}, ${formatCompact(model.parameters)} parameters, ${formatBytes(model.bytes)}</p>`,
    htmlTable(['Role', 'What it is', 'Parameters', 'Exact zeros'], totals),
    '<h2>Matrices by block and module</h2>',
    picture,
    '<h2>Tensors</h2>',
    htmlTable(['Tensor', 'Role', 'Dtype', 'Shape', 'Size', 'Exact zeros'], lines),
    '</html>',
  ]
  return page.join('\n')
}

function htmlTable(header: string[], rows: string[][]): string {
  const line = (tag: string, cells: string[]) =>
    `<tr>${cells.map((c) => `<${tag}>${escapeText(c)}</${tag}>`).join('')}</tr>`
  return `<table>${line('th', header)}${rows.map((r) => line('td', r)).join('\n')}</table>`
}
