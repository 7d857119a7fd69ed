// The report as one HTML page that needs nothing else: table, curves, protocol, warnings.
import type { ChartText } from '../../../charts/chartData.ts'
import type { Ink } from '../../../charts/drawChart.ts'
import { barsFigure } from '../../../charts/drawBars.ts'
import { recoveryFigure } from '../../../charts/drawRecoveryChart.ts'
import {
  accuracyChart,
  chartTexts,
  errorBars,
  lossChart,
  perplexityChart,
  type RunChart,
} from '../../../charts/runCharts.ts'
import { chartFigure } from '../../../charts/figure.ts'
import { isOfNumbers } from '../../../formatting/tables.ts'
import { escapeText, shapeText } from '../../../charts/shape.ts'
import { parseEvents } from '../../../runs/events/parseEvents.ts'
import { sparsityOf } from '../../../catalog/formats/sparsity.ts'
import { formatAccuracy, formatDuration, formatShare, formatTrained, formatValue } from '../../../formatting/numbers.ts'
import { recoveriesWithErrors } from '../../../runs/series/blockErrors.ts'
import { recoveryChartsOf, recoveryChartTitle } from '../../../runs/series/recoveryChart.ts'
import { accuraciesOf } from '../../../runs/series/accuracies.ts'
import { emptyPicture, foldEvents, type RunPicture } from '../../../runs/series/foldRun.ts'
import { cutText, mergedHeads, mergedRows, mergedTitle, recoveryName } from '../../../runs/series/recoveries.ts'
import { endOfText, promptTexts, type PromptTexts } from '../../../runs/series/samples.ts'
import { printable } from '../../../formatting/printable.ts'
import { certificateSentence } from '../../../plan/certificate.ts'
import { readOwn } from '../../../system/ownFile.ts'
import type { RunReport } from './report.ts'
import { summaryHeads, summaryRows, wonBackSentences } from './summaryTable.ts'
import { stages } from '../../../catalog/stages.ts'

/** Colours that follow the reader's light or dark scheme. */
export const ink: Ink = { text: 'currentColor', muted: 'currentColor', error: '#c33', paper: null, font: 'inherit' }
const maxPoints = 800

/** The page of a finished run, from its report and its events.jsonl. */
export async function htmlReport(report: RunReport, eventsPath: string): Promise<string> {
  const events = parseEvents((await readOwn(eventsPath, Infinity)).split('\n'))
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
  summaryHeads(report),
  summaryRows(report).map((row) => row.cells),
)}
${[...wonBackSentences(report), ...(report.certificate ? [certificateSentence(report.certificate)] : [])]
  .map((sentence) => `<p>${escapeText(sentence)}</p>`)
  .join('')}
${recoveryTable(report)}
${mergeTables(report)}
${plots(picture)}
${taskTable(picture)}
${sampleTables(picture)}
<h2>How these numbers were measured</h2>
<ul>${report.protocol.map((sentence) => `<li>${escapeText(sentence)}</li>`).join('')}
<li>${escapeText(`Device: ${report.device.description}.`)}</li>
${report.output ? `<li>Saved to ${escapeText(report.output)}. Zeros are stored like other numbers, so the file is as large as before.</li>` : ''}
${report.gguf_output ? `<li>The same model for llama.cpp: ${escapeText(report.gguf_output)}.</li>` : ''}
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
  const runs = [{ label: picture.name, index: 0, picture }]
  const charts: [RunChart, ChartText, boolean][] = [
    [lossChart(runs, { smoothing: 0, maxPoints }), chartTexts.loss, false],
    [perplexityChart(runs), chartTexts.perplexity, true],
    [accuracyChart(runs), chartTexts.accuracy, false],
  ]
  return [
    ...recoveryChartsOf(picture).map((chart) =>
      recoveryFigure([{ ...runs[0], chart }], `${recoveryChartTitle(picture)}: ${chart.name}`, ink),
    ),
    ...charts.map(([chart, text, logY]) => chartFigure({ ...chart, logX: false, logY }, text, ink)),
    ...recoveriesWithErrors(picture).map((recovery) => barsFigure(errorBars(runs, recovery), '', ink)),
  ]
    .map((figure) => (figure ? shapeText(figure) : ''))
    .join('\n')
}

/** Each zero-shot task at each stage, in the recipe's order. */
function taskTable(picture: RunPicture): string {
  const { tasks } = accuraciesOf(picture.evaluations)
  if (tasks.length === 0) return ''
  const rows = tasks.map(({ name, stages: measured }) => [
    name,
    ...stages.map((stage) => {
      const one = measured[stage]
      return one ? formatAccuracy(one.acc, one.stderr) : '–'
    }),
  ])
  return `<h2>Accuracy by task</h2>${table(['task', ...stages], rows)}`
}

/** The model's continuations at each stage; the first token that differs from the first text's is marked. */
function sampleTables({ samples }: RunPicture): string {
  const texts = promptTexts(samples)
  if (texts.length === 0) return ''
  const cell = (html: string) => `<td class="text"><bdi>${html}</bdi></td>`
  const rowOf = ({ label, sample, cut }: PromptTexts['rows'][number]) => {
    const { before, token, after } = cut ?? { before: sample.text, token: null, after: '' }
    const mark = token === null ? '' : `<mark>${escapeText(printable(token) || endOfText)}</mark>`
    const text = escapeText(printable(before)) + mark + escapeText(printable(after))
    return `<tr><td>${escapeText(label)}</td>${cell(text)}</tr>`
  }
  const tables = texts.map(({ prompt, rows }) => {
    const head = `<tr><th>prompt</th><th class="text"><bdi>${escapeText(printable(prompt))}</bdi></th></tr>`
    return `<table><thead>${head}</thead><tbody>${rows.map(rowOf).join('')}</tbody></table>`
  })
  return `<h2>What the model says</h2><p>The first token that differs from the first text is marked.</p>${tables.join('')}`
}

function blockTable({ blocks, recoveries }: RunReport): string {
  if (blocks.length === 0) return ''
  const several = recoveries.length > 1
  const rows = blocks.flatMap(({ block, modules, errors, seconds, ...last }) => {
    const row = (recovery: string, before?: number | null, after?: number | null) => [
      String(block),
      ...(several ? [recovery] : []),
      formatShare(sparsityOf(Object.values(modules))),
      formatValue(before),
      formatValue(after),
      formatDuration(seconds),
    ]
    if (!errors) return [row('–', last.error_before, last.error_after)]
    return errors.map(({ recovery, error_before: before, error_after: after }) =>
      row(recoveryName(recovery, recoveries[recovery]?.mode ?? ''), before, after),
    )
  })
  const heads = ['block', ...(several ? ['recovery'] : []), 'sparsity', 'error before', 'error after', 'time']
  return `<h2>Blocks</h2>${table(heads, rows)}`
}

/** Trained parameters of each of several recoveries. */
function recoveryTable({ recoveries }: RunReport): string {
  if (recoveries.length < 2) return ''
  const rows = recoveries.map(({ mode, train, steps, trainable }, i) => [
    recoveryName(i, mode),
    train.join(', ') || '–',
    String(steps),
    trainable ? formatTrained(trainable.percent) : '–',
  ])
  return `<h2>Recoveries</h2>${table(['recovery', 'trains', 'steps', 'trainable'], rows)}`
}

/** What the mask cut off of each adapter that was merged, by kind of matrix. */
function mergeTables({ recoveries }: RunReport): string {
  return recoveries
    .flatMap(({ merged }) => (merged ? [merged.modules] : []))
    .map(
      (modules) =>
        `<h2>${mergedTitle}</h2><p>${escapeText(cutText(modules))}</p>${table(mergedHeads, mergedRows(modules))}`,
    )
    .join('')
}

/** A table whose numbers are aligned right, and whose words and first column are aligned left. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const kinds = heads.map((_, c) => (c === 0 || isOfNumbers(rows.map((row) => row[c])) ? '' : ' class="words"'))
  const cells = (tag: string, row: readonly string[]) =>
    row.map((cell, c) => `<${tag}${kinds[c]}>${escapeText(cell)}</${tag}>`).join('')
  return `<table><thead><tr>${cells('th', heads)}</tr></thead><tbody>${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('')}</tbody></table>`
}

export const styles = `
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #8886 }
th:first-child, td:first-child, .words { text-align: left }
svg { width: 100%; height: auto; margin: 1rem 0 }
td.text, th.text { text-align: left; white-space: pre-wrap; overflow-wrap: anywhere; max-width: 40rem }
.message { color: #c33 } pre { overflow: auto; background: #8881; padding: 1rem }
`
