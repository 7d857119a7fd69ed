// What a run's events add up to, in the few numbers that lists of runs show: how far it is, its evaluations, the error of each
// block, and its loss at no more than 1024 points for any number of steps. A run keeps it as summary.json (runs/events/summary.ts).
import { fields, list, oneOf, optional, orNull, text, type Check, type Checked } from '../../catalog/formats/checks.ts'
import { taskNames } from '../../catalog/tasks/tasks.ts'
import type { RunEvent } from './events.ts'
import { emptyPicture, foldEvents, type Evaluation } from './foldRun.ts'
import { stages } from '../../catalog/stages.ts'

/** Readers ignore summaries of any other version. */
const summaryVersion = 1
const mostMeans = 1024
/** Measurements in the middle of recoveries are left out, evenly, where a run has more. */
const mostEvaluations = 2000
const mostBlocks = 10_000

const finite: Check<number> = (value): value is number => Number.isFinite(value)
const count: Check<number> = (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0
const version: Check<1> = (value): value is 1 => value === summaryVersion
const powerOfTwo: Check<number> = (value): value is number => count(value) && Number.isInteger(Math.log2(value))
const overflow: Check<number | 'overflow'> = (value): value is number | 'overflow' =>
  value === 'overflow' || finite(value)
const atMost =
  <T>(most: number, check: Check<T>): Check<readonly T[]> =>
  (value): value is readonly T[] =>
    list(check)(value) && value.length <= most

const evaluation = fields({
  stage: oneOf(stages),
  entry: count,
  task: oneOf(taskNames),
  data: text,
  field: optional(text),
  lossOn: optional(text),
  seqLen: orNull(finite),
  /** Optimiser steps done. */
  x: finite,
  step: optional(finite),
  recovery: optional(count),
  /** JSON has no infinity. */
  perplexity: orNull(overflow),
  accuracy: orNull(fields({ acc: finite, stderr: orNull(finite) })),
})

const lossCurve = fields({
  /** Steps per mean, a power of two; the last mean may be over fewer. */
  every: powerOfTwo,
  /** Optimiser steps so far, over all blocks and recoveries. */
  steps: count,
  /** Mean loss of steps 1 … every, every + 1 … 2·every, and so on; null where the loss of one of them was not a number. */
  means: atMost(mostMeans, orNull(finite)),
})

/** summary.json: version 1. Further keys may be there. */
const isFile = fields({
  version,
  /** The recipe's. */
  name: text,
  /** The latest phase, and the index of its recovery in a recipe that has several; null before the first. */
  phase: orNull(fields({ phase: text, recovery: optional(count) })),
  /** Share of the whole run that is done, 0 to 1; null: not known. */
  overall: orNull(finite),
  /** Seconds until the whole run is done; null: not known. */
  left: orNull(finite),
  /** Milliseconds of work, without pauses. */
  elapsed: finite,
  /** Peak memory in MB; null: unknown. */
  peakMemoryMb: orNull(finite),
  /** The folder that it has written, as the recipe names it. */
  saved: orNull(text),
  evaluations: atMost(mostEvaluations, evaluation),
  /** Error of each finished block after its last recovery, null where that is not a number; in the order of the blocks. */
  errors: atMost(mostBlocks, fields({ block: count, after: orNull(finite) })),
  loss: lossCurve,
})
type SummaryFile = Checked<typeof isFile>

export interface RunSummary extends Readonly<Omit<SummaryFile, 'version' | 'evaluations'>> {
  readonly evaluations: readonly Evaluation[]
}

/** The summary in an untrusted file; null: it is not a summary of this version. */
export function parseSummary(json: string): RunSummary | null {
  try {
    const value: unknown = JSON.parse(json)
    if (!isFile(value)) return null
    const { version: _, evaluations, ...rest } = value
    const measured = evaluations.map(({ perplexity, ...one }): Evaluation => {
      return { ...one, perplexity: perplexity === 'overflow' ? Infinity : perplexity }
    })
    return { ...rest, evaluations: measured }
  } catch {
    return null
  }
}

export function encodeSummary(summary: RunSummary): string {
  const toJson = (_: string, value: unknown) => (value === Infinity ? 'overflow' : value)
  return `${JSON.stringify({ version: summaryVersion, ...summary }, toJson)}\n`
}

/** Adds up the events of a run as they come. */
export class SummaryFold {
  private readonly picture = emptyPicture()
  private readonly means: number[] = []
  private every = 1

  add(events: readonly RunEvent[]): void {
    for (const event of events) {
      if (event.type === 'step') this.addStep(event)
      else foldEvents(this.picture, [event])
    }
  }

  private addStep({ t, loss }: Extract<RunEvent, { type: 'step' }>): void {
    const { picture, means } = this
    picture.elapsed = Math.max(picture.elapsed, t)
    const inMean = picture.numSteps % this.every
    picture.numSteps++
    if (inMean > 0) {
      means[means.length - 1] += ((loss ?? NaN) - means[means.length - 1]) / (inMean + 1)
      return
    }
    if (means.length === mostMeans) this.halve()
    means.push(loss ?? NaN)
  }

  /** Merges neighbouring means. Call it only when every mean is over `every` steps. */
  private halve(): void {
    const { means } = this
    for (let i = 0; 2 * i < means.length; i++) means[i] = (means[2 * i] + means[2 * i + 1]) / 2
    means.length /= 2
    this.every *= 2
  }

  summary(): RunSummary {
    const { name, phases, overall, left, elapsed, memory, saved, evaluations, blocks, numSteps } = this.picture
    const last = phases.at(-1)
    return {
      ...{ name, overall, left, elapsed, saved },
      phase: last ? { phase: last.phase, ...(last.recovery !== undefined && { recovery: last.recovery }) } : null,
      peakMemoryMb: memory?.peakRssMb ?? null,
      evaluations: thinned(evaluations),
      errors: [...blocks.values()]
        .flatMap(({ block, errors }) => {
          const error = [...errors.values()].at(-1)
          return error ? [{ block, after: error.after }] : []
        })
        .sort((a, b) => a.block - b.block),
      loss: {
        every: this.every,
        steps: numSteps,
        means: this.means.map((mean) => (Number.isFinite(mean) ? Number(mean.toPrecision(7)) : null)),
      },
    }
  }
}

/** Leaves out measurements in the middle of recoveries, evenly, where there are too many evaluations. */
function thinned(evaluations: readonly Evaluation[]): Evaluation[] {
  const every = Math.ceil(evaluations.length / mostEvaluations)
  const places = [...new Set(evaluations.flatMap(({ step, x }) => (step === undefined ? [] : [x])))]
  const kept = new Set(places.filter((_, i) => i % every === 0))
  return evaluations.filter(({ step, x }) => step === undefined || kept.has(x)).slice(-mostEvaluations)
}
