// Texts of one prompt beside each other: the first difference from the first text, and a recipe's samples along the recovery.
import type { Sample } from './events.ts'
import type { Stage } from '../../catalog/stages.ts'

/** Continuations that one entry of `evaluate` generated at one place. */
export interface SampleSet {
  stage: Stage
  /** Index in the recipe's `evaluate`. */
  entry: number
  /** Steps or blocks done; null at a stage. */
  step: number | null
  /** Index of the recovery, with `step` in a recipe that has several. */
  recovery: number | null
  samples: readonly Sample[]
}

/** Index of the first token that differs, or that only one of the lists has; null: the lists are equal. */
export function firstDifference(a: readonly number[], b: readonly number[]): number | null {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return i
  return a.length === b.length ? null : shorter
}

/** Replaces the end-of-text token. */
export const endOfText = '⟨end⟩'

/** A text cut around a token. `token` is empty where the text ends there. */
export interface CutText {
  readonly before: string
  readonly token: string
  readonly after: string
}

/** Cuts the text around the first token that differs from `first`; null if none does. Part of a character counts as the whole of it. */
export function cutAtDifference(sample: Sample, first: Sample): CutText | null {
  const at = firstDifference(first.tokens, sample.tokens)
  if (at === null) return null
  const { text, ends } = sample
  const start = at === 0 ? 0 : (ends[at - 1] ?? text.length)
  const end = ends.slice(at).find((one) => one > start) ?? text.length
  return { before: text.slice(0, start), token: text.slice(start, end), after: text.slice(end) }
}

export interface PromptTexts {
  readonly prompt: string
  /** The first is what the others are compared with: the dense text where there is one. */
  readonly rows: readonly { readonly label: string; readonly sample: Sample; readonly cut: CutText | null }[]
}

/** Groups by prompt, entry after entry: dense, pruned, then along the recovery. The later of two at one place counts. */
export function promptTexts(sets: readonly SampleSet[]): PromptTexts[] {
  const entries = [...new Set(sets.map(({ entry }) => entry))].sort((a, b) => a - b)
  return entries.flatMap((entry) => {
    const byLabel = new Map<string, SampleSet>()
    for (const set of sets) if (set.entry === entry) byLabel.set(labelOf(set), set)
    const ordered = [...byLabel].sort(([, a], [, b]) => placeOf(a) - placeOf(b))
    const count = Math.max(0, ...ordered.map(([, { samples }]) => samples.length))
    return Array.from({ length: count }, (_, i): PromptTexts => {
      const found = ordered.flatMap(([label, { samples }]) => (samples[i] ? [{ label, sample: samples[i] }] : []))
      const [{ sample: first }] = found
      const rows = found.map((one, j) => ({ ...one, cut: j === 0 ? null : cutAtDifference(one.sample, first) }))
      return { prompt: first.prompt, rows }
    })
  })
}

function labelOf({ stage, step, recovery }: SampleSet): string {
  if (step === null) return stage
  return recovery === null ? `after ${step}` : `recovery ${recovery + 1}, after ${step}`
}

/** Dense, pruned, what came in between in its order (the sort is stable), recovered. */
function placeOf({ stage, step }: SampleSet): number {
  if (step !== null) return 2
  return stage === 'dense' ? 0 : stage === 'pruned' ? 1 : 3
}
