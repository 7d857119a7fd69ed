// The report as one HTML page that needs nothing else: table, curves, protocol, warnings.
import { readFile } from 'node:fs/promises'
import type { RunEvent } from '../../shared/protocol/events.ts'
import { sparsityOf } from '../../shared/format/sparsity.ts'
import { formatDuration, formatShare, formatValue } from '../../shared/format/numbers.ts'
import { downsample } from '../../shared/series/downsample.ts'
import { emptyPicture, foldEvents, type RunPicture } from '../../shared/series/foldRun.ts'
import { perplexityLines } from '../../shared/series/perplexityLines.ts'
import type { RunReport } from './report.ts'
import { summaryHeads, summaryRows } from './summaryTable.ts'
import { escapeText, svgPlot, type Curve } from './svgPlot.ts'

/** Okabe and Ito's palette: told apart with any kind of colour vision. */
const [blue, orange, green] = ['#0072b2', '#d55e00', '#009e73']
const colours = [orange, blue, green, '#cc79a7', '#56b4e9', '#e69f00']
const maxPoints = 800

/** The page of a finished run, from its report and its events.jsonl. */
export async function htmlReport(report: RunReport, eventsPath: string): Promise<string> {
  const events = (await readFile(eventsPath, 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunEvent)
  return page(report, foldEvents(emptyPicture(), events))
}

function page(report: RunReport, picture: RunPicture): string {
  const title = `${picture.name || 'run'}: ${report.status}`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeText(title)}</title>
<style>${styles}</style>
<h1>${escapeText(title)}</h1>
${report.message ? `<p class="message">${escapeText(report.message)}</p>` : ''}
${table(
  summaryHeads,
  summaryRows(report).map((row) => row.cells),
)}
${plots(picture)}
<h2>How these numbers came about</h2>
<ul>${report.protocol.map((sentence) => `<li>${escapeText(sentence)}</li>`).join('')}
<li>${escapeText(`Device: ${report.device.description}.`)}</li>
${report.output ? `<li>Saved to ${escapeText(report.output)}. Zeros are stored like other numbers, so the file is as large as before.</li>` : ''}
</ul>
${report.warnings.length ? `<h2>Warnings</h2><ul>${report.warnings.map((w) => `<li>${escapeText(w)}</li>`).join('')}</ul>` : ''}
${blockTable(report)}
<h2>Time</h2>
${table(
  ['phase', 'time'],
  Object.entries(report.seconds).map(([phase, s]) => [phase, formatDuration(s)]),
)}
<h2>Recipe</h2>
<pre>${escapeText(JSON.stringify(report.recipe, null, 2))}</pre>
</html>
`
}

function plots(picture: RunPicture): string {
  const perplexity = perplexityLines(picture).map(({ name, evaluations }, i): Curve => ({
    name,
    colour: colours[i % colours.length],
    dots: true,
    points: evaluations.map(({ x, perplexity: y }) => ({ x, y })),
  }))
  const blocks = [...picture.blocks.values()].filter((block) => block.errorBefore !== null)
  const errors = (name: string, colour: string, of: 'errorBefore' | 'errorAfter'): Curve => ({
    name,
    colour,
    dots: true,
    points: blocks.map((block) => ({ x: block.block, y: block[of] })),
  })
  return [
    svgPlot([{ name: 'loss', colour: blue, points: downsample(picture.loss, maxPoints) }], {
      title: blocks.length ? 'Reconstruction error while training, block after block' : 'Loss while training',
      xLabel: 'optimiser step',
      yLabel: 'loss',
      log: blocks.length > 0,
    }),
    svgPlot(perplexity, {
      title: 'Perplexity',
      xLabel: 'optimiser steps before it',
      yLabel: 'perplexity',
      log: true,
    }),
    svgPlot([errors('before', orange, 'errorBefore'), errors('after', green, 'errorAfter')], {
      title: 'Error of each block before and after reconstruction',
      xLabel: 'block',
      yLabel: 'mean squared error',
      log: true,
    }),
  ].join('\n')
}

function blockTable({ blocks }: RunReport): string {
  if (blocks.length === 0) return ''
  const rows = blocks.map((block) => [
    String(block.block),
    formatShare(sparsityOf(Object.values(block.modules))),
    formatValue(block.error_before),
    formatValue(block.error_after),
    formatDuration(block.seconds),
  ])
  return `<h2>Blocks</h2>${table(['block', 'sparsity', 'error before', 'error after', 'time'], rows)}`
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) =>
    row.map((cell) => `<${tag}>${escapeText(cell)}</${tag}>`).join('')
  return `<table><thead><tr>${cells('th', heads)}</tr></thead><tbody>${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('')}</tbody></table>`
}

const styles = `
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #8886 }
th:first-child, td:first-child { text-align: left }
svg { width: 100%; height: auto; margin: 1rem 0 }
svg text { fill: currentColor }
.title { font-weight: 600 } .tick, .label { font-size: 11px } .grid { stroke: #8884 }
.message { color: #c33 } pre { overflow: auto; background: #8881; padding: 1rem }
`
