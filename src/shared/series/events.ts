// Events of a run, one JSON object a line in events.jsonl. The views draw from these only, so a
// finished run looks the same as a live one.

import type { TaskName } from '../tasks/tasks.ts'

export type Stage = 'dense' | 'pruned' | 'recovered'

/** A pruned linear of a finished block. */
export interface ModuleZeros {
  /** Number of its weights. */
  readonly size: number
  readonly zeros: number
  /** zeros / size. For several modules see `sparsityOf`. */
  readonly sparsity: number
}

/** Errors of a block before and after one of several recoveries. */
export interface BlockErrors {
  /** Index in the recipe's list. */
  readonly recovery: number
  readonly error_before: number
  readonly error_after: number
}

/** The setting of an allocation that a run found by trying. */
export interface ChosenAllocation {
  /** Index in the recipe's `prune`. */
  readonly step: number
  readonly allocation: string
  readonly key: string
  readonly value: number
  /** Each value that was tried, with the mean loss of the model pruned so; null: not a number. */
  readonly tried: readonly { readonly value: number; readonly loss: number | null }[]
}

/** What the merge of an adapter did to a matrix. */
export interface MergedUpdate {
  /** √Σ (s·B·A)² over all its entries. */
  readonly norm: number
  /** Share of that sum of squares on pruned weights, where it was cut off: 0 to 1. */
  readonly cut: number
}

/** The model's continuation of a prompt of the recipe. */
export interface Sample {
  readonly prompt: string
  readonly text: string
  /** Ids of the text, a stop token included. */
  readonly tokens: readonly number[]
  /** UTF-16 units of the text up to each token's end. */
  readonly ends: readonly number[]
}

/** What a run will do, so that whoever draws it knows its stages before they begin. */
export interface PlannedStages {
  readonly prunes: boolean
  /** Modes of its recoveries in their order. */
  readonly recoveries: readonly string[]
  /** Stages at which something is measured. */
  readonly measures: readonly Stage[]
}

interface At {
  /** Milliseconds of work since the run started: pauses are left out, and a resumed run goes on counting. */
  t: number
}

export type RunEvent = At &
  (
    | {
        type: 'start'
        name: string
        model: string
        device: string
        description: string
        version: string
        blocks: number
        /** Modes of the recipe's recoveries in their order, where there are several. */
        recoveries?: readonly string[]
        /** The stages that the run will pass; without it they are read from what its events show. */
        plan?: PlannedStages
        resumed?: boolean
      }
    /**
     * A phase begins: read, calibrate, prune, reconstruct, refit, retrain, merge, evaluate, save. `recovery`: its index in a recipe
     * that has several.
     */
    | { type: 'phase'; phase: string; recovery?: number }
    | {
        type: 'progress'
        phase: string
        /** Units done in the phase. */
        done: number
        total: number
        unit: string
        /** Seconds until the whole run is done, in the middle of `eta_range_s`; null before they are known. */
        eta_s: number | null
        /** At least and at most. Runs of older versions have `eta_s` alone. */
        eta_range_s?: readonly [least: number, most: number]
        /** Share of the whole run that is done, 0 to 1; it never falls. Absent before the work is known. */
        overall?: number
      }
    /** One optimiser step. `block` in reconstruction, `recovery` where there are several. loss is null for NaN. */
    | {
        type: 'step'
        recovery?: number
        block?: number
        step: number
        loss: number | null
        lr: number
        tokens_per_second: number
      }
    | {
        type: 'block'
        block: number
        /** By module name as in the checkpoint. */
        modules: Record<string, ModuleZeros>
        /** Mean squared error of outputs against the dense ones, of the block or (refit) of its linears; only when recovering. */
        error_before?: number
        error_after?: number
        /** Errors by each recovery of this walk, where the recipe has several; the two above are the last one's. */
        errors?: readonly BlockErrors[]
        seconds: number
      }
    | ({ type: 'allocation' } & ChosenAllocation)
    /** An adapter was merged into a block; `block` is null for what is outside the blocks. */
    | { type: 'merge'; recovery?: number; block: number | null; modules: Record<string, MergedUpdate> }
    /** A measurement by one entry of the recipe's `evaluate`; null is not a number. */
    | {
        type: 'eval'
        stage: Stage
        /** Steps (retrain) or blocks (reconstruct, refit) done; only for measurements in between. */
        step?: number
        /** With `step`, in a recipe that has several recoveries. */
        recovery?: number
        /** Index in `evaluate`: two entries may share their data. */
        entry: number
        task?: TaskName
        /** Recipe's path. */
        data?: string
        /** The recipe's, where it names a column or tensor of the data. */
        field?: string
        seq_len?: number
        perplexity?: number | null
        /** Accuracy on a zero-shot task, also by length where the harness has that, and its standard error (null: one row). */
        acc?: number
        acc_norm?: number
        stderr?: number | null
        /** Continuations, one per prompt, of a task that generates. */
        samples?: readonly Sample[]
      }
    | { type: 'memory'; rss_mb: number; device_mb: number }
    | { type: 'warning'; message: string }
    /** `stage`: the model before recovery; else the result. */
    | { type: 'saved'; path: string; stage?: 'pruned' | 'gguf' }
    | { type: 'end'; status: 'done' | 'failed' | 'cancelled'; message?: string }
  )

/** A run event before its time stamp. */
export type NewRunEvent = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, 't'> : never) : never
