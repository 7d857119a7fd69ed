// Progress of a run, as a killed one needs it to go on. It is written whole after every milestone; work that it does
// not mention is done again.
import type { TaskName } from '../../../shared/tasks/tasks.ts'
import type { BlockErrors, ModuleZeros, Sample, Stage } from '../../../shared/series/events.ts'
import type { OutputKind } from '../../../shared/plan/outputs.ts'
import type { SourceRecord } from './sources.ts'

export interface EvaluationResult {
  readonly stage: Stage
  /** Index in the recipe's `evaluate`. */
  readonly entry: number
  readonly task: TaskName
  /** Recipe's path of the data; undefined of a task that reads none. */
  readonly data?: string
  /** Steps (retrain) or blocks (reconstruct, refit) done; only for measurements in between. */
  readonly step?: number
  /** With `step`, of a recipe with several recoveries: the last that the measured blocks have been through. */
  readonly recovery?: number
  readonly seconds: number
  readonly perplexity?: number
  /** Tokens behind a perplexity. */
  readonly tokens?: number
  readonly windows?: number
  readonly seq_len?: number
  /** Accuracy on a zero-shot task. */
  readonly acc?: number
  readonly acc_norm?: number
  /** Standard error of acc; null: one row. */
  readonly stderr?: number | null
  readonly rows?: number
  /** Continuations, one per prompt, of a task that generates. */
  readonly samples?: readonly Sample[]
}

export interface BlockResult {
  readonly block: number
  readonly modules: Record<string, ModuleZeros>
  /** Error before and after the last recovery of this walk that had something to change in the block. */
  readonly error_before?: number
  readonly error_after?: number
  /** Errors by each recovery of this walk, in a recipe that has several. */
  readonly errors?: readonly BlockErrors[]
  readonly seconds: number
}

/** Facts that must be the same for a resumed run to end with the same bytes. */
export interface RunDevice {
  readonly device: string
  readonly description: string
  readonly details: Readonly<Record<string, string | number | boolean>>
}

/** How far a folder is that the run writes. */
export interface OutputProgress {
  /** Which of the hidden siblings of its place it is being written into (partialPath). */
  partial: string | null
  /** Its place, once it is there. */
  saved: string | null
}

/** `partial` and `saved` are those of the result. */
export interface RunProgress extends OutputProgress {
  version: 2
  /** Grows with every record: of two the one that says more. */
  revision: number
  /** SHA-256 of the run folder's recipe. */
  recipe: string
  /** Folder of the recipe that the person wrote, from the run folder: paths are shown relative to it. */
  base: string
  sources: SourceRecord[]
  device: RunDevice
  /** Bytes of events.jsonl that belong to what is written here. */
  eventsBytes: number
  elapsedMs: number
  /** Blocks whose pruned (and reconstructed) weights are saved. */
  finishedBlocks: number
  blocks: BlockResult[]
  /** Passes of recovery after pruning that are finished, merged and saved. */
  recoveredPasses: number
  /** Blocks that the next such pass has saved, where it walks over them. */
  walkedBlocks: number
  /** Optimiser steps of the next such pass, if it retrains, that the saved moments contain. */
  trainedSteps: number
  /** Losses of those steps, as far as telling divergence needs them. */
  losses: number[]
  trainable: { count: number; percent: number } | null
  evaluations: EvaluationResult[]
  /** By phase. */
  seconds: Record<string, number>
  peakMemoryMb: number
  warnings: string[]
  /** The place, relative to the run folder, where a resumed run was told to save; it replaces the recipe's `save.to`. */
  saveTo: string | null
  /** The model before recovery. */
  pruned: OutputProgress
}

export function outputProgress(progress: RunProgress, kind: OutputKind): OutputProgress {
  return kind === 'result' ? progress : progress.pruned
}

export function newProgress(
  facts: Pick<RunProgress, 'recipe' | 'base' | 'sources' | 'device' | 'warnings' | 'trainable'>,
): RunProgress {
  return {
    version: 2,
    revision: 0,
    ...facts,
    eventsBytes: 0,
    elapsedMs: 0,
    finishedBlocks: 0,
    blocks: [],
    recoveredPasses: 0,
    walkedBlocks: 0,
    trainedSteps: 0,
    losses: [],
    evaluations: [],
    seconds: {},
    peakMemoryMb: 0,
    partial: null,
    saveTo: null,
    saved: null,
    pruned: { partial: null, saved: null },
  }
}
