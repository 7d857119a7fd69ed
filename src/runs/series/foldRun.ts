// A run as the views show it, folded from its events alone: a live run and a finished one give the same picture.
import type { MergedUpdate, ModuleZeros, PlannedStages, RunEvent } from './events.ts'
import type { Stage } from '../../catalog/stages.ts'
import { defaultTask, type TaskName } from '../../catalog/tasks/tasks.ts'
import type { SampleSet } from './samples.ts'
import type { Point } from './smooth.ts'
import { perplexityIn } from './texts.ts'

/** `interrupted`: it neither runs nor has ended, and can be resumed. */
export type RunStatus = 'running' | 'paused' | 'done' | 'failed' | 'cancelled' | 'interrupted'

export interface BlockResult {
  block: number
  modules: Record<string, ModuleZeros>
  /** By index of the recovery, 0 where the recipe has one. */
  errors: Map<number, { before: number | null; after: number | null }>
  /** Seconds of all passes over it. */
  seconds: number
}

/** Share of right answers of one task; `stderr` null where it has a single row. */
export interface Accuracy {
  readonly acc: number
  readonly stderr: number | null
}

export interface Evaluation {
  stage: Stage
  /** Index in the recipe's `evaluate`: two entries may share their data. */
  entry: number
  task: TaskName
  /** Path of the data as the recipe gives it. */
  data: string
  field?: string
  lossOn?: string
  seqLen: number | null
  /** Number of optimiser steps done when it was measured. */
  x: number
  /** Steps or blocks of the recovery that were done, for a measurement in its middle. */
  step?: number
  /** Index of that recovery, 0 where the recipe has one. */
  recovery?: number
  /** Infinity: it overflows. null: the task has none. */
  perplexity: number | null
  /** Accuracy on a zero-shot task. */
  accuracy: Accuracy | null
}

export interface PhaseProgress {
  done: number
  total: number
  unit: string
}

/** A phase from its start to the next one's; a phase that another interrupts has several parts. */
export interface PhasePart {
  phase: string
  recovery?: number
  /** Optimiser steps and milliseconds before it. */
  x: number
  t: number
  progress: PhaseProgress | null
  /** Blocks that it has finished. */
  blocks: number
}

export interface RunPicture {
  name: string
  model: string
  device: string
  numBlocks: number
  /** Modes of the recipe's recoveries, where it has several. */
  recoveries: readonly string[]
  /** Optimiser steps so far. */
  numSteps: number
  /** One point an optimiser step, over all blocks and recoveries; x counts from 1. */
  loss: Point[]
  /** The same points by index of the recovery, 0 where the recipe has one. */
  lossByRecovery: Map<number, Point[]>
  /** Recoveries, by their index, whose steps each fit one block. */
  blockByBlock: Set<number>
  lr: Point[]
  evaluations: Evaluation[]
  /** Continuations of the recipe's prompts. */
  samples: SampleSet[]
  /** By block number, the latest result of each. */
  blocks: Map<number, BlockResult>
  /** What merges of adapters added to each matrix, by index of the recovery, 0 where the recipe has one, and by module. */
  merges: Map<number, Map<string, MergedUpdate>>
  /** The stages that the run has announced; null until it has, or where its events never do. */
  plan: PlannedStages | null
  phases: PhasePart[]
  /** Progress of the latest phase; null before it has any. */
  progress: (PhaseProgress & { phase: string }) | null
  /** Share of the whole run that is done, 0 to 1; it never falls. null: not known. */
  overall: number | null
  /** Seconds until the whole run is done, by its last progress event; null when they are not known or the run is over. */
  left: number | null
  /** Mean over the steps of the latest recovery; null before the first step. */
  tokensPerSecond: number | null
  /** Sums for `tokensPerSecond`: steps of a recovery have equal numbers of tokens, so it is the inverse of their mean time per token. */
  pace: { recovery: number; steps: number; secondsPerToken: number }
  memory: { rssMb: number; deviceMb: number; peakRssMb: number } | null
  warnings: string[]
  saved: string | null
  end: { status: 'done' | 'failed' | 'cancelled'; message: string | null } | null
  /** Milliseconds of work since the start, pauses left out. */
  elapsed: number
  numEvents: number
}

export function emptyPicture(): RunPicture {
  return {
    name: '',
    model: '',
    device: '',
    numBlocks: 0,
    recoveries: [],
    numSteps: 0,
    loss: [],
    lossByRecovery: new Map(),
    blockByBlock: new Set(),
    lr: [],
    evaluations: [],
    samples: [],
    blocks: new Map(),
    merges: new Map(),
    plan: null,
    phases: [],
    progress: null,
    overall: null,
    left: null,
    tokensPerSecond: null,
    pace: { recovery: 0, steps: 0, secondsPerToken: 0 },
    memory: null,
    warnings: [],
    saved: null,
    end: null,
    elapsed: 0,
    numEvents: 0,
  }
}

/** Perplexities of the first entry that measures them, as they came. */
export function mainPerplexities({ evaluations }: { readonly evaluations: readonly Evaluation[] }): Evaluation[] {
  const texts = evaluations.filter(({ accuracy }) => accuracy === null)
  const first = Math.min(...texts.map(({ entry }) => entry))
  return texts.filter(({ entry }) => entry === first)
}

/** Adds the events to the picture, in place. */
export function foldEvents(picture: RunPicture, events: readonly RunEvent[]): RunPicture {
  for (const event of events) fold(picture, event)
  return picture
}

function fold(run: RunPicture, event: RunEvent): void {
  run.numEvents++
  run.elapsed = Math.max(run.elapsed, event.t)
  switch (event.type) {
    case 'start':
      run.name = event.name
      run.model = event.model
      run.device = event.description || event.device
      run.numBlocks = event.blocks
      run.recoveries = event.recoveries ?? []
      run.plan = event.plan ?? null
      run.end = null
      return
    case 'phase':
      run.phases.push({
        phase: event.phase,
        recovery: event.recovery,
        x: run.numSteps,
        t: event.t,
        progress: null,
        blocks: 0,
      })
      run.progress = null
      return
    case 'progress': {
      const { phase, done, total, unit, eta_s: eta } = event
      run.progress = { phase, done, total, unit }
      const part = run.phases.at(-1)
      if (part) part.progress = run.progress
      run.left = eta
      if (event.overall !== undefined) run.overall = Math.max(run.overall ?? 0, event.overall)
      return
    }
    case 'step':
      return addStep(run, event)
    case 'block': {
      const part = run.phases.at(-1)
      if (part) part.blocks++
      run.blocks.set(event.block, blockResult(event, run.blocks.get(event.block)))
      return
    }
    case 'merge':
      return addMerge(run, event)
    // The view of the training draws movements (training.ts).
    case 'moved':
      return
    case 'eval':
      return addEvaluation(run, event)
    case 'memory':
      return addMemory(run, event)
    case 'warning':
      run.warnings.push(event.message)
      return
    // The report has what was chosen.
    case 'allocation':
      return
    case 'saved':
      if (event.stage === undefined) run.saved = event.path
      return
    case 'end':
      run.end = { status: event.status, message: event.message ?? null }
      run.progress = null
      run.left = null
      if (event.status === 'done') run.overall = 1
      return
  }
}

function addStep(run: RunPicture, event: Extract<RunEvent, { type: 'step' }>): void {
  const { recovery = 0, loss: y } = event
  const point = { x: ++run.numSteps, y }
  run.loss.push(point)
  const own = run.lossByRecovery.get(recovery)
  if (own) own.push(point)
  else run.lossByRecovery.set(recovery, [point])
  if (event.block !== undefined) run.blockByBlock.add(recovery)
  run.lr.push({ x: run.lr.length + 1, y: event.lr })
  countStep(run)
  addPace(run, recovery, event.tokens_per_second)
}

function addEvaluation(run: RunPicture, event: Extract<RunEvent, { type: 'eval' }>): void {
  const { stage, entry, task = defaultTask, data = '', seq_len: seqLen = null } = event
  const { acc, stderr = null, samples, step = null, recovery = null, field, loss_on: lossOn } = event
  if (samples) {
    run.samples.push({ stage, entry, step, recovery, samples })
    return
  }
  const accuracy = acc === undefined ? null : { acc, stderr }
  const perplexity = perplexityIn(event.perplexity) ?? null
  const part = { ...(field !== undefined && { field }), ...(lossOn !== undefined && { lossOn }) }
  const measured = { stage, entry, task, data, ...part, seqLen }
  const between = step === null ? {} : { step, recovery: recovery ?? 0 }
  run.evaluations.push({ ...measured, x: run.numSteps, ...between, perplexity, accuracy })
}

function addMerge({ merges }: RunPicture, { recovery = 0, modules }: Extract<RunEvent, { type: 'merge' }>): void {
  merges.set(recovery, new Map([...(merges.get(recovery) ?? []), ...Object.entries(modules)]))
}

function addMemory(
  run: RunPicture,
  { rss_mb: rssMb, device_mb: deviceMb }: Extract<RunEvent, { type: 'memory' }>,
): void {
  run.memory = { rssMb, deviceMb, peakRssMb: Math.max(run.memory?.peakRssMb ?? 0, rssMb) }
}

/** Counts a step in the progress. Progress events come only a few times a second, so steps between two of them are counted here. */
function countStep({ progress }: RunPicture): void {
  if (progress?.unit === 'steps') progress.done = Math.min(progress.total, progress.done + 1)
}

function addPace(run: RunPicture, recovery: number, tokensPerSecond: number | null): void {
  if (run.pace.recovery !== recovery) run.pace = { recovery, steps: 0, secondsPerToken: 0 }
  // JSON has no infinity: a step that took no time at all is null.
  if (tokensPerSecond === null || !(tokensPerSecond > 0)) return
  run.pace.steps++
  run.pace.secondsPerToken += 1 / tokensPerSecond
  run.tokensPerSecond = run.pace.steps / run.pace.secondsPerToken
}

/** A block's result together with those of earlier passes over it. */
function blockResult(event: Extract<RunEvent, { type: 'block' }>, earlier: BlockResult | undefined): BlockResult {
  const { block, seconds, error_before: before, error_after: after } = event
  // A later pass reports the zeros again, without certificates.
  const modules = Object.fromEntries(
    Object.entries(event.modules).map(([name, own]) => [name, { ...earlier?.modules[name], ...own }]),
  )
  // A block that is only pruned has neither error. null: an error that is not a number.
  const isRecovered = before !== undefined || after !== undefined
  const only = isRecovered ? [{ recovery: 0, error_before: before ?? null, error_after: after ?? null }] : []
  const errors = new Map(event.errors ? earlier?.errors : [])
  for (const { recovery, ...one } of event.errors ?? only)
    errors.set(recovery, { before: one.error_before, after: one.error_after })
  return { block, modules, errors, seconds: seconds + (event.errors ? (earlier?.seconds ?? 0) : 0) }
}
