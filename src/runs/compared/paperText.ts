// A table for a paper as LaTeX (booktabs) or Markdown. Names come from files: whatever they hold is text in both.
import { asMarkdown } from '../../formatting/printable.ts'
import type { PaperCell, PaperTable } from './paperTable.ts'

export type PaperFormat = 'latex' | 'markdown'

export function paperText(table: PaperTable, format: PaperFormat): string {
  return format === 'latex' ? latexText(table) : markdownText(table)
}

function latexText({ heads, rows, caption, note }: PaperTable): string {
  const arrows = { low: ' $\\downarrow$', high: ' $\\uparrow$' }
  const cell = ({ text, range, isBest }: PaperCell) => {
    const value = isBest ? `\\textbf{${latex(text)}}` : latex(text)
    return range === null ? value : `${value} {\\small$\\pm$ ${latex(range)}}`
  }
  const line = (cells: readonly string[]) => `    ${cells.join(' & ')} \\\\`
  return [
    '% Needs \\usepackage{booktabs}.',
    ...(note === null ? [] : [`% ${note}`]),
    '\\begin{table}',
    '  \\centering',
    `  \\caption{${caption.map(latex).join(' ')}}`,
    `  \\begin{tabular}{${heads.map((_, i) => (isOfNumbers(rows, i) ? 'r' : 'l')).join('')}}`,
    '    \\toprule',
    line(heads.map(({ text, better }) => `${latex(text)}${better === null ? '' : arrows[better]}`)),
    '    \\midrule',
    ...rows.map((row) => line(row.map(cell))),
    '    \\bottomrule',
    '  \\end{tabular}',
    '\\end{table}',
    '',
  ].join('\n')
}

const latexOf: Readonly<Record<string, string>> = {
  '-': '-{}',
  '\\': '\\textbackslash{}',
  '^': '\\textasciicircum{}',
  '~': '\\textasciitilde{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': '\\textquotedblright{}',
  '·': '$\\cdot$',
  '±': '$\\pm$',
  '×': '$\\times$',
  '−': '$-$',
  '–': '--',
  '∞': '$\\infty$',
}

/** Escapes a text for LaTeX: no character is a command, two hyphens make no dash, and no line ends the paragraph. */
export function latex(text: string): string {
  return plain(text).replace(/-(?=-)|[\\^~<>|"·±×−–∞#$%&_{}]/g, (one) => latexOf[one] ?? `\\${one}`)
}

function markdownText({ heads, rows, caption, note }: PaperTable): string {
  const arrows = { low: ' ↓', high: ' ↑' }
  const cell = ({ text, range, isBest }: PaperCell) => {
    const value = isBest ? `**${markdown(text)}**` : markdown(text)
    return range === null ? value : `${value} ± ${markdown(range)}`
  }
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(heads.map(({ text, better }) => `${markdown(text)}${better === null ? '' : arrows[better]}`)),
    line(heads.map((_, i) => (isOfNumbers(rows, i) ? '---:' : '---'))),
    ...rows.map((row) => line(row.map(cell))),
    '',
    caption.map(markdown).join(' '),
    ...(note === null ? [] : ['', `(${note})`]),
    '',
  ].join('\n')
}

const markdown = (text: string): string => asMarkdown(plain(text))

/** One line, without invisible characters. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\p{Cc}\p{Cf}]/gu, '')
}

function isOfNumbers(rows: PaperTable['rows'], column: number): boolean {
  return (
    rows.length > 0 &&
    rows.every((row) => /^[\d.<>–−+]/.test(row[column].text)) &&
    rows.some((row) => row[column].text !== '–')
  )
}
