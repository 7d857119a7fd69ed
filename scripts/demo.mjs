// `npm run demo`: set-up, build, then the main job on the bundled sample: inspect → prune → recover → evaluate.
// Ends with a table and the path of a report. Uses Node's built-ins only: it runs before `npm ci`.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = join(fileURLToPath(import.meta.url), '../..')
const out = join(root, 'out/demo')

function must(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

/** The command line's JSON; its progress goes to the terminal. */
function sparsescope(...args) {
  const command = [join(root, 'dist/cli.mjs'), ...args, '--json']
  const { status, stdout } = spawnSync(process.execPath, command, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status !== 0) process.exit(status ?? 1)
  return JSON.parse(stdout)
}

const percent = (share) => `${(100 * share).toFixed(1)} %`

/** One page: the table, a bar for every perplexity, and a link to each run's own report. */
function page(rows, bars, reports) {
  const most = Math.log(Math.max(...bars.map((b) => b.perplexity)))
  const least = Math.log(Math.min(...bars.map((b) => b.perplexity)) * 0.8)
  const width = (p) => Math.round((560 * (Math.log(p) - least)) / (most - least))
  const chart = bars.map(
    ({ label, perplexity, colour }, i) =>
      `<g transform="translate(0 ${i * 30})"><text x="210" y="17" text-anchor="end">${label}</text>` +
      `<rect x="220" y="3" width="${width(perplexity)}" height="20" fill="${colour}"/>` +
      `<text x="${228 + width(perplexity)}" y="17">${perplexity.toFixed(2)}</text></g>`,
  )
  const table = rows.map((row, i) => {
    const tag = i === 0 ? 'th' : 'td'
    return `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`
  })
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>SparseScope demo</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2328;background:#fff}
table{border-collapse:collapse}td,th{padding:.3rem .8rem;border-bottom:1px solid #d0d7de;text-align:right}
td:first-child,th:first-child{text-align:left}text{font:13px system-ui,sans-serif;fill:#1f2328}
</style>
<h1>Pruning the sample and winning it back</h1>
<p>Two language models of about 2 million parameters, trained on the King James Bible, lose 70 % of the weights in their blocks.
Perplexity on books they have never seen (lower is better; logarithmic bars):</p>
<svg width="900" height="${bars.length * 30}" role="img" aria-label="Perplexity of each model">${chart.join('')}</svg>
<table>${table.join('')}</table>
<h2>Each run in full</h2>
<ul>${reports.map(({ title, path }) => `<li><a href="${path}">${title}</a></li>`).join('')}</ul>
</html>
`
}

must('scripts/setup.mjs')
must('esbuild.mjs')
rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })

const models = [
  {
    folder: 'samples/opt',
    style: 'OPT style',
    jobs: [
      { title: 'magnitude 70 %, then bias + norm retrained', recipe: 'opt-bias-norm' },
      { title: 'magnitude 70 %, then MaskLoRA retrained', recipe: 'opt-mask-lora' },
      { title: 'Wanda 70 %, then reconstructed block by block', recipe: 'opt-wanda-reconstruct' },
    ],
  },
  {
    folder: 'samples/llama',
    style: 'LLaMA style',
    jobs: [{ title: 'magnitude 70 %, then its norms retrained', recipe: 'llama-norm' }],
  },
]
const rows = [['model', 'perplexity', 'sparsity', 'trainable', 'seconds', 'peak MB']]
const bars = []
const reports = []
const blue = '#0072b2'
const orange = '#d55e00'

function show({ row, bar, colour, perplexity, sparsity = '', cost = ['', '', ''] }) {
  rows.push([row, perplexity.toFixed(2), sparsity, ...cost])
  bars.push({ label: bar, perplexity, colour })
}

for (const { folder, style, jobs } of models) {
  const { totals } = sparsescope('inspect', folder, '--stats')
  console.log(
    `\n${folder}: ${totals.parameters.toLocaleString('en')} parameters, ` +
      `${totals.linears.parameters.toLocaleString('en')} of them in the blocks' linears, ` +
      `${percent(totals.linears.sparsity)} of those are zero`,
  )
  let shown = ''
  for (const [i, { title, recipe }] of jobs.entries()) {
    console.log(`\n${style}: ${title}`)
    const report = sparsescope('run', `samples/${recipe}.prune.yaml`, '--set', `save.to=${join(out, recipe)}`)
    const { dense, pruned, recovered } = report.perplexity
    const [method, recovery] = title.split(', then ')
    const sparsity = percent(report.sparsity)
    const name = `${style}, dense`
    if (i === 0) show({ row: name, bar: name, colour: blue, perplexity: dense })
    if (method !== shown) show({ row: method, bar: method, colour: orange, perplexity: pruned, sparsity })
    shown = method
    const trainable = `${report.trainable.percent.toFixed(2)} %`
    const cost = [trainable, report.seconds.total.toFixed(0), report.peak_memory_mb.toFixed(0)]
    show({ row: title, bar: recovery, colour: blue, perplexity: recovered, sparsity, cost })
    reports.push({ title: `${style}: ${title}`, path: relative(out, join(report.run, 'report.html')) })
  }
}

const file = join(out, 'report.html')
writeFileSync(file, page(rows, bars, reports))
// The packages are there by now.
const { tsImport } = await import('tsx/esm/api')
const { textTable } = await tsImport('../src/shared/format/textTable.ts', import.meta.url)
console.log(`\n${textTable(rows[0], rows.slice(1))}`)
console.log(`\nReport: ${pathToFileURL(file)}`)
