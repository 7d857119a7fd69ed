// Two pictures of the sweeps beside this file: perplexity on text of another kind by minutes, and by sparsity.
//   npx tsx bench/frontier/picture.ts [--out FOLDER] [SWEEP…]     default: all sweeps in bench/frontier/.sparsescope/sweeps
//   npx tsx bench/frontier/picture.ts --results                   README's: of the table of bench/RESULTS.md
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { groupsBy } from '../../src/formatting/lists.ts'
import { seriesStyle, type ChartText, type Series } from '../../src/charts/chartData.ts'
import type { Point } from '../../src/runs/series/smooth.ts'
import { paretoFront } from '../../src/runs/compared/measures.ts'
import { denseLevel, svgOf, tableOf } from '../charts.ts'
import { frontierPoints, pointsOfTable, type FrontierPoint } from './points.ts'

/** The label of the perplexities of bench/RESULTS.md. */
export const onWikipedia = 'perplexity on Wikipedia'
const onOther = 'perplexity on text of another kind'

/** A line through the runs of each sparsity on the Pareto front, the others as marks behind. */
export function byMinutes(points: readonly FrontierPoint[], yLabel = onOther): string {
  const all = groupsBy(points, ({ amount }) => amount).map((own, i) => {
    const [{ amount }] = own
    const xy = own.map(({ minutes: x, perplexity: y }): Point => ({ x, y }))
    const front = paretoFront(xy, { x: 'low', y: 'low' })
    const style = seriesStyle(i)
    const others: Series = { label: amount, style, points: xy.filter((_, at) => !front.includes(at)), marks: 'marks' }
    return { front: { label: amount, style, points: front.map((at) => xy[at]), marks: 'both' } as Series, others }
  })
  const fronts = all.map(({ front }) => front)
  const series = [...all.map(({ others }) => others).filter((one) => one.points.length > 0), ...fronts]
  const text = { title: 'Perplexity by time', xName: 'minutes', xLabel: 'minutes of pruning and recovery', yLabel }
  return drawn({ points, series, text, keyed: fronts })
}

/**
 * A line for each recovery: the best of its methods and spreads at each sparsity without a pattern. A recovery that was run at only one
 * sparsity is left out if others have more.
 */
export function bySparsity(points: readonly FrontierPoint[], yLabel = onOther): string {
  const free = points.filter(({ amount }) => amount.endsWith('%'))
  const all = groupsBy(free, ({ recovery }) => recovery).map((own) => {
    const best = groupsBy(own, ({ sparsity }) => sparsity).map((same): Point => {
      return { x: same[0].sparsity, y: Math.min(...same.map(({ perplexity }) => perplexity)) }
    })
    return { label: own[0].recovery, points: best.sort((a, b) => a.x - b.x) }
  })
  const lines = all.filter(({ points }) => points.length > 1)
  const series = (lines.length > 0 ? lines : all).map((line, i): Series => {
    return { ...line, style: seriesStyle(i), marks: 'both' }
  })
  const text = { title: 'Perplexity by sparsity', xName: 'sparsity', xLabel: 'sparsity, %', yLabel }
  return drawn({ points, series, text, keyed: series })
}

interface Drawing {
  readonly points: readonly FrontierPoint[]
  readonly series: Series[]
  readonly text: ChartText
  readonly keyed: Series[]
}

function drawn({ points, series, text, keyed }: Drawing): string {
  const logX = text.xName === 'minutes'
  const levels = denseLevel(points.find(({ dense }) => dense !== null)?.dense)
  return svgOf({ series, levels, xRange: null, continuousX: true, logX, logY: true }, text, { series: keyed, levels })
}

/** Folders of sweeps, which have a plan; the product keeps other things in `home`, too. */
const sweepsIn = (home: string) =>
  readdirSync(home)
    .map((name) => join(home, name))
    .filter((sweep) => existsSync(join(sweep, 'plan.json')))

/** report.json of the runs of a sweep that are done. */
function reportsOf(sweep: string): unknown[] {
  const runs = join(sweep, 'runs')
  const files = readdirSync(runs).map((run) => join(runs, run, 'report.json'))
  return files.filter((file) => existsSync(file)).map((file) => JSON.parse(readFileSync(file, 'utf8')) as unknown)
}

/** The points of the table that README's rows come from. */
export const pointsOfResults = (markdown: string): FrontierPoint[] =>
  pointsOfTable(tableOf(markdown, 'pruned'), { perplexity: 4, minutes: 7 })

function pointsOfSweeps(sweeps: readonly string[]): FrontierPoint[] {
  const home = join(import.meta.dirname, '.sparsescope/sweeps')
  const read = sweeps.length > 0 ? sweeps : sweepsIn(home)
  return frontierPoints(read.flatMap((sweep) => reportsOf(resolve(sweep))))
}

if (process.argv[1] === import.meta.filename) {
  const { values, positionals } = parseArgs({
    options: { out: { type: 'string' }, results: { type: 'boolean' } },
    allowPositionals: true,
  })
  const root = join(import.meta.dirname, '../..')
  const points = values.results
    ? pointsOfResults(readFileSync(join(root, 'bench/RESULTS.md'), 'utf8'))
    : pointsOfSweeps(positionals)
  const [out, prefix] = values.results ? [join(root, 'docs/images'), 'frontier-'] : ['out/frontier', '']
  const folder = values.out ?? out
  mkdirSync(folder, { recursive: true })
  const label = values.results ? onWikipedia : onOther
  writeFileSync(join(folder, `${prefix}minutes.svg`), byMinutes(points, label))
  writeFileSync(join(folder, `${prefix}sparsity.svg`), bySparsity(points, label))
  console.log(`${points.length} points, drawn to ${folder}`)
}
