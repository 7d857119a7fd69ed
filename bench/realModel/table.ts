// The tables of bench/realModel.ts, in Markdown.
import { median } from '../support/process.ts'
import type { Result } from './measure.ts'
import { prunedOf, rows, type Row } from './rows.ts'

/** By row, then one result a seed, and the peer's. */
export type Results = Record<string, { ours: Record<string, Result>; peer?: Result }>

const table = (head: string[], lines: string[][]): string =>
  [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

/** Medians over the seeds, with their range; the share of the gap is that of the medians. */
export function qualityTable(results: Results): string {
  const lines = measured(results).map((row) => {
    const all = Object.values(results[row.name].ours)
    const of = (value: (result: Result) => number | undefined) => all.flatMap((result) => value(result) ?? [])
    const accuracies = of(({ accuracy }) => accuracy?.acc)
    const errors = of(({ accuracy }) => accuracy?.stderr ?? undefined)
    const trained = of(({ trainedPercent }) => trainedPercent)
    return [
      row.title ?? row.name,
      spread(of(({ perplexity }) => perplexity)),
      gapOf(results, row, ({ perplexity }) => perplexity),
      spread(of(({ other }) => other)),
      gapOf(results, row, ({ other }) => other),
      accuracies.length > 0 ? `${median(accuracies).toFixed(3)} ± ${median(errors).toFixed(3)}` : '',
      trained.length > 0 ? `${Number(trained[0].toPrecision(2))} %` : '',
      row.name === 'dense' ? '' : median(of(({ seconds }) => seconds)).toFixed(0),
      row.name === 'dense' ? '' : median(of(({ processorSeconds }) => processorSeconds)).toFixed(0),
      row.name === 'dense' ? '' : Math.max(...of(({ megabytes }) => megabytes)).toFixed(0),
    ]
  })
  const texts = ['text trained on', 'gap won', 'other text', 'gap won']
  return table(['row', ...texts, 'accuracy', 'trained', 's', 'processor s', 'peak MB'], lines)
}

/** The rows that the peer made too, on this machine: figures of both, then the peer's seconds and our bytes as ratios. */
export function peerTable(results: Results): string {
  const cells = (r: Result) => [r.perplexity.toFixed(2), r.seconds.toFixed(0), r.megabytes.toFixed(0)]
  const lines = measured(results).flatMap(({ name }) => {
    const { ours, peer } = results[name]
    if (!peer) return []
    const first = Object.values(ours)[0]
    const ratios = [
      (peer.seconds / first.seconds).toFixed(2),
      `${((100 * first.megabytes) / peer.megabytes).toFixed(0)} %`,
    ]
    return [[name, ...cells(first), ...cells(peer), ...ratios]]
  })
  const columns = ['perplexity', 's', 'MB', 'peer: perplexity', 's', 'MB', 'times as fast', 'memory']
  return lines.length === 0 ? '' : table(['row', ...columns], lines)
}

function measured(results: Results): Row[] {
  return [{ name: 'dense' }, ...rows].filter(({ name }) => Object.keys(results[name]?.ours ?? {}).length > 0)
}

function spread(values: number[]): string {
  if (values.length === 0) return ''
  const range = `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`
  return values.length === 1 ? values[0].toFixed(2) : `${median(values).toFixed(2)} (${range})`
}

function gapOf(results: Results, row: Row, value: (result: Result) => number | undefined): string {
  const of = (name: string | null) =>
    Object.values(results[name ?? '']?.ours ?? {}).flatMap((result) => value(result) ?? [])
  const [dense, pruned, recovered] = [of('dense'), of(prunedOf(row)), of(row.name)]
  if (prunedOf(row) === 'dense' || [dense, pruned, recovered].some((list) => list.length === 0)) return ''
  const share = (median(pruned) - median(recovered)) / (median(pruned) - median(dense))
  return `${(100 * share).toFixed(0)} %`
}
