// A run's curves as trackers keep them: numbers by name and optimiser step, from its events.
import { entryNames, type EvaluatedEntry } from './texts.ts'
import type { RunEvent } from './events.ts'
import { toCsv } from '../../formatting/tables.ts'

export interface Scalar {
  /** `loss`, `lr`, `perplexity/wiki.txt`; `dense/…` of the dense model. */
  readonly name: string
  /** Optimiser steps over all recoveries. Measurements before any are at 0. */
  readonly step: number
  readonly value: number
}

/** Takes events a batch at a time. */
export interface ScalarFold {
  add(events: readonly RunEvent[]): void
  /** In the order in which they came; what is not a number is left out. */
  scalars(): Scalar[]
}

export function createScalarFold(): ScalarFold {
  let steps = 0
  const found: (Omit<Scalar, 'name'> & { readonly name: string; readonly entry: number | null })[] = []
  const entries: EvaluatedEntry[] = []
  const take = (name: string, value: number | null | undefined, entry: number | null = null) => {
    if (typeof value === 'number' && Number.isFinite(value)) found.push({ name, step: steps, value, entry })
  }
  const measured = (event: Extract<RunEvent, { type: 'eval' }>) => {
    const { stage, entry, task = '', data = '', seq_len: seqLen } = event
    entries.push({ entry, data: data || task, seqLen: seqLen ?? null })
    const before = stage === 'dense' ? 'dense/' : ''
    // A task that completes texts has the perplexity of its answers.
    for (const key of ['perplexity', 'acc', 'acc_norm'] as const) take(before + key, event[key], entry)
  }
  return {
    add(events) {
      for (const event of events) {
        if (event.type === 'eval') measured(event)
        if (event.type === 'step') {
          steps++
          for (const key of ['loss', 'lr', 'tokens_per_second'] as const) take(key, event[key])
        }
      }
    },
    scalars() {
      const names = entryNames(entries)
      return found.map(({ entry, name, ...one }) => ({
        name: entry === null ? name : `${name}/${names.get(entry) ?? entry}`,
        ...one,
      }))
    },
  }
}

/** Curves of runs as CSV: a line for each step of each run, `step` first as trackers import it, a column for each number. */
export function scalarsCsv(runs: readonly { readonly name: string; readonly scalars: readonly Scalar[] }[]): string {
  const heads = new Set<string>()
  const rows = runs.flatMap(({ name: run, scalars }) => {
    const steps = new Map<number, Map<string, number>>()
    for (const scalar of scalars) {
      heads.add(scalar.name)
      const row = steps.get(scalar.step) ?? new Map<string, number>()
      steps.set(scalar.step, row)
      row.set(scalar.name, scalar.value)
    }
    return [...steps].sort(([a], [b]) => a - b).map(([step, values]) => ({ step, run, values }))
  })
  const names = [...heads]
  return toCsv(
    ['step', 'run', ...names],
    rows.map(({ step, run, values }) => [step, run, ...names.map((name) => values.get(name))]),
  )
}
