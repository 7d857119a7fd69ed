// Messages as the host sends them of a sweep: methods, sparsities, recoveries and seeds, some of it still running.
import type { ComparedRow, CurvePart, ToSweep } from '../../../src/protocol/sweepView.ts'
import type { CurveName } from '../../../src/runs/series/curves.ts'
import { nameOf } from '../../../src/recipe/sweep/settings.ts'
import { sweepResults, type SweepRunState } from '../../../src/runs/compared/sweepTable.ts'
import { resultOf } from '../../../src/runs/series/runResult.ts'

const methods = ['magnitude', 'wanda', 'sparsegpt']
const damage = { magnitude: 3.2, wanda: 1.4, sparsegpt: 1 }
const modes = ['reconstruct', 'retrain']

export const recordedWhat = {
  kind: 'sweep',
  title: 'Sweep opt-125m',
  about: '2026-12-31 23:59:58 · models/.sparsescope/sweeps/20261231-235958-opt-125m',
} as const

/** The product of methods, sparsities from 40 % on, recoveries and seeds. */
export function recordedRows(numSparsities: number, numSeeds: number): ComparedRow[] {
  const rows: ComparedRow[] = []
  for (const method of methods)
    for (let s = 0; s < numSparsities; s++)
      for (const mode of modes)
        for (let seed = 0; seed < numSeeds; seed++) rows.push(recordedRow(rows.length, { method, s, mode, seed }))
  return rows
}

interface Place {
  method: string
  s: number
  mode: string
  seed: number
}

function recordedRow(index: number, { method, s, mode, seed }: Place): ComparedRow {
  const sparsity = (40 + 5 * s) / 100
  const factor = damage[method as keyof typeof damage]
  const pruned = 27.65 + factor * 4 * Math.exp((sparsity - 0.4) * 9)
  const recovered = 27.65 + (pruned - 27.65) * (mode === 'retrain' ? 0.22 : 0.35) * (1 + 0.08 * Math.sin(7 * seed + s))
  const settings = { 'prune.0.method': method, 'prune.0.sparsity': sparsity, 'recover.mode': mode, seed }
  const report = {
    ...{ perplexity: { dense: 27.65, pruned, recovered }, sparsity, peak_memory_mb: 900 + 400 * factor },
    trainable: { count: 105_000, percent: mode === 'retrain' ? 0.9 : 0.085 },
    seconds: { total: (mode === 'retrain' ? 700 : 240) * (1 + 0.1 * factor) },
  }
  return {
    ...{ index, name: nameOf(Object.entries(settings)), settings, state: 'done', message: null },
    label: `${method} ${40 + 5 * s} % · ${mode === 'retrain' ? mode : 'recon'} · seed ${seed}`,
    facts: { model: 'opt-125m', sparsity, method, pattern: 'unstructured', recovery: mode, seed, text: 'wiki.txt' },
    ...{ key: `/runs/${index}`, sweep: 'opt-125m', started: Date.UTC(2026, 11, 31) + index * 60_000 },
    results: sweepResults(resultOf(report)),
    ...{ trainablePercent: report.trainable.percent, isBegun: true, progress: null },
  }
}

const nothing = sweepResults(resultOf(null))

/** The same run at an earlier time. */
export function recordedAs(row: ComparedRow, state: SweepRunState, share = 0.4): ComparedRow {
  const { perplexity } = row.results
  const so_far = { ...nothing, perplexity: { ...perplexity, recovered: null }, seconds: 100, peak_memory_mb: 900 }
  const message = state === 'failed' ? 'No space left on device; free some and run it again.' : null
  const progress = state === 'running' ? { share, text: 'reconstruct' } : null
  const results = state === 'done' ? row.results : state === 'running' ? so_far : nothing
  return { ...row, state, message, progress, results, trainablePercent: null, isBegun: state !== 'waiting' }
}

/** The first `to` points of the curves, as answers to a question about so many groups. */
export function recordedCurves(
  watch: number,
  groups: readonly (readonly number[])[],
  { to, name = 'loss' }: { to: number; name?: CurveName },
): Extract<ToSweep, { type: 'curves' }> {
  const parts = groups.map((runs, group): CurvePart => {
    const x = Array.from({ length: to }, (_, i) => i + 1)
    const start = 2.5 + (runs[0] % 17) / 6
    const y = x.map(
      (step) =>
        (start * (0.3 + 0.7 * Math.exp(-step / 400)) * (1 + 0.04 * Math.sin(step * 12.9 + group))) /
        (name === 'error' ? 100 : 1),
    )
    const wide = runs.length > 1
    const low = wide ? y.map((value) => 0.93 * value) : []
    const high = wide ? y.map((value) => 1.08 * value) : []
    const [xs, ys, lows, highs] = [x, y, low, high].map(base64Of)
    return { group, x: xs, y: ys, low: lows, high: highs }
  })
  return { type: 'curves', watch, parts, isWhole: true }
}

function base64Of(values: readonly number[]): string {
  let binary = ''
  for (const byte of new Uint8Array(Float32Array.from(values).buffer)) binary += String.fromCharCode(byte)
  return btoa(binary)
}
