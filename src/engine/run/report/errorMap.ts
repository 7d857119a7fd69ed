// The errors of a reconstruction by block and step as tables whose cells are coloured, for the page: one for each recovery.
import { formatValue } from '../../../formatting/numbers.ts'
import { escapeText } from '../../../charts/shape.ts'
import { errorSteps, recoveriesWithSteps, type ErrorCell, type StepRange } from '../../../runs/series/blockErrors.ts'
import type { RunPicture } from '../../../runs/series/foldRun.ts'
import { recoveryName } from '../../../runs/series/recoveries.ts'

/** Numbers of more columns than this would not fit the page; they are in each cell's title. */
const numberedColumns = 10
/** Names of so many columns. */
const mostNames = 8

/** Stronger: a larger error. */
export const errorMapStyles = `
table.heat td { text-align: center; padding: .15rem .1rem; border: 1px solid transparent; background-clip: padding-box; background-color: color-mix(in srgb, #2f6fd0 var(--heat), transparent); print-color-adjust: exact }
table.heat { width: 100%; table-layout: fixed } table.heat th { padding: .15rem .1rem; text-align: left; border: 0; font-weight: 400; white-space: nowrap }
table.heat th:first-child { width: 3.2rem }
`
/** Per cent of the colour in the page's own: all of it reads badly below numbers. */
const [least, most, mostBelowNumbers] = [4, 100, 60]

/** '' where nothing was fitted step by step. */
export function errorMaps(picture: RunPicture): string {
  const recoveries = recoveriesWithSteps(picture)
  const several = picture.recoveries.length > 1
  const maps = recoveries.map((recovery) => {
    const name = several ? `, ${recoveryName(recovery, picture.recoveries[recovery] ?? '')}` : ''
    return map(picture, recovery, `Error by block and step${name}`)
  })
  return maps.join('\n')
}

function map(picture: RunPicture, recovery: number, title: string): string {
  const { blocks, columns, cells } = errorSteps(picture, recovery)
  const logs = cells.flatMap((cell) => (cell && cell.ratio > 0 ? [Math.log(cell.ratio)] : []))
  if (logs.length === 0) return ''
  const [low, high] = [Math.min(...logs), Math.max(...logs)]
  const numbered = columns.length <= numberedColumns
  const strongest = numbered ? mostBelowNumbers : most
  const heat = ({ ratio }: ErrorCell) => {
    const share = ratio > 0 ? (Math.log(ratio) - low) / Math.max(high - low, 1e-9) : 0
    return Math.round(least + share * (strongest - least))
  }
  const cellOf = (cell: ErrorCell | null, where: string) => {
    if (!cell) return `<td title="${where}: no number"></td>`
    const words = `${where}: ${formatValue(cell.ratio)} × the error before, mean squared error ${formatValue(cell.loss)}`
    const text = numbered ? short(cell.ratio) : ''
    return `<td style="--heat:${heat(cell)}%" title="${escapeText(words)}">${text}</td>`
  }
  const every = Math.ceil(columns.length / mostNames)
  const heads = columns.map((range, i) => `<th>${i % every === 0 ? rangeText(range) : ''}</th>`)
  const rows = blocks.map((block, row) => {
    const own = columns.map((range, column) =>
      cellOf(cells[row * columns.length + column], `block ${block}, step ${rangeText(range)}`),
    )
    return `<tr><th>${block}</th>${own.join('')}</tr>`
  })
  const scale = `Each block's error while it is fitted, over its error before: from ${short(Math.exp(low))} (faint) to ${short(Math.exp(high))} (strong), on a log scale.`
  return `<h2>${escapeText(title)}</h2><p>${escapeText(scale)}</p>
<table class="heat"><thead><tr><th>block</th>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`
}

const short = (ratio: number) => formatValue(Number(ratio.toPrecision(2)))

const rangeText = ({ from, to }: StepRange) => (from === to ? String(from) : `${from}–${to}`)
