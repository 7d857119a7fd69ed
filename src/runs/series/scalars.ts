// A run's curves as trackers keep them: numbers by name and optimiser step, from its events.
import { entryNames, type EvaluatedEntry } from './entryNames.ts'
import type { RunEvent } from './events.ts'

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
