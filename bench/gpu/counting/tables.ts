// The tables of docs/performance.md that are made of what was counted.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cards } from './cards.ts'
import type { WorkCounts } from './likeKernels.ts'
import { expected, mainBound } from './roofline.ts'

const names = ['sparsegpt', 'alps', 'reconstruct', 'retrain', 'retrain8', 'decode']
/** Share of a desktop card's rate that portable products are assumed to reach; those of other projects reach 20 to 40 %. */
const usual = 0.3

const [begin, end] = ['<!-- counted -->', '<!-- /counted -->']

export function readCounts(): WorkCounts[] {
  const file = (name: string) => join(import.meta.dirname, '../counts', `${name}.json`)
  return names
    .filter((name) => existsSync(file(name)))
    .map((name) => JSON.parse(readFileSync(file(name), 'utf8')) as WorkCounts)
}

/** The text with its tables made anew. */
export function withCounted(text: string, works = readCounts()): string {
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`the text has no ${begin} … ${end}`)
  return `${text.slice(0, from)}${[begin, countTable(works), cardTable(works), wholeRuns(works), sources(), text.slice(to)].join('\n\n')}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function countTable(works: readonly WorkCounts[]): string {
  const rows = works.map((w) => {
    const sum = (of: 'flops' | 'bytes') => w.kernels.reduce((total, row) => total + row[of], 0)
    return [
      ...[`${w.name}: ${w.of}`, whole(w.dispatches), whole(w.submits), whole(w.waits)],
      ...[
        bytes(w.bytesUp),
        bytes(w.bytesDown),
        ...[w.mainMs, w.gpuThreadMs].map((ms) => (ms === null ? '–' : seconds(ms / 1e3))),
      ],
      ...[short(sum('flops') / 1e12), short(sum('bytes') / 1e9)],
    ]
  })
  const head = [
    'work',
    'dispatches',
    'submits',
    'waits',
    'up',
    'down',
    'host, calling thread',
    'host, GPU thread',
    'TFLOP',
    'GB through the card’s memory',
  ]
  return table(head, rows)
}

/** For each work and card: at the card's peak, and with products at the usual share of it; the bound; and the host's share. */
function cardTable(works: readonly WorkCounts[]): string {
  const rows = works.map((w) => [
    `${w.name}: ${w.of}`,
    ...cards.map((card) => {
      const [peak, real] = [expected(w, card, 1), expected(w, card, usual)]
      const { bound, share } = mainBound(real)
      const host = hostOf(w)
      const beside = host === null ? '' : `, host ${percent(host / real.seconds)}`
      return `${seconds(peak.seconds)} · ${seconds(real.seconds)}, ${bound} ${percent(share)}${beside}`
    }),
  ])
  return table(['work', ...cards.map(({ name }) => name)], rows)
}

/** All blocks on the first card: at its peak, at the usual share, and with products on tensor cores at a fifth of theirs. */
function wholeRuns(works: readonly WorkCounts[]): string {
  const [card] = cards
  const rows = works.flatMap((work) => {
    const { blocks } = work
    if (!blocks) return []
    const minutes = (share: number, rate?: number) =>
      `${whole((blocks * expected(work, card, share, rate).seconds) / 60)} min`
    const host = hostOf(work)
    return [
      [
        work.name,
        minutes(1),
        minutes(usual),
        minutes(0.2, card.tensor ?? card.f32),
        host === null ? '–' : `${whole((blocks * host) / 60)} min`,
      ],
    ]
  })
  const head = [
    `all ${works[0].blocks} blocks of OPT-30B, ${card.name}`,
    'at its peak in f32',
    'products at 30 % of it',
    'on tensor cores at 20 % of their peak',
    'host',
  ]
  return table(head, rows)
}

function sources(): string {
  const rows = cards.map(({ name, f32, f16, tensor, bandwidth, units, source }) => {
    const rates = [f32, f16, tensor].map((rate) => (rate === null ? '' : short(rate / 1e12)))
    return [name, ...rates, `${short(bandwidth / 1e9)}`, String(units), source]
  })
  return table(['card', 'TFLOP/s, f32', 'f16', 'f16 on tensor cores', 'GB/s', 'multiprocessors', 'source'], rows)
}

/** Seconds of both threads. */
const hostOf = ({ mainMs, gpuThreadMs }: WorkCounts): number | null =>
  mainMs === null || gpuThreadMs === null ? null : (mainMs + gpuThreadMs) / 1e3

const whole = (value: number) => Math.round(value).toLocaleString('en')
const short = (value: number) => (value >= 100 ? whole(value) : String(Number(value.toPrecision(value >= 10 ? 3 : 2))))
const percent = (share: number) => `${Math.round(100 * share)} %`
const seconds = (value: number) => (value < 0.1 ? `${short(1e3 * value)} ms` : `${short(value)} s`)
const bytes = (value: number) =>
  value < 1e5 ? `${short(value / 1e3)} kB` : value < 1e9 ? `${short(value / 1e6)} MB` : `${short(value / 1e9)} GB`
