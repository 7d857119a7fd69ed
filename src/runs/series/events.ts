// Events of a run, one JSON object per line of events.jsonl. Their shapes check the lines and define the types. The views draw from
// events only, so a finished run looks the same as a live one.
import {
  fields,
  flag,
  list,
  number,
  oneOf,
  optional,
  orNull,
  record,
  text,
  type Check,
  type Checked,
  type Fields,
} from '../../catalog/formats/checks.ts'
import { isRecord } from '../../catalog/formats/json.ts'
import { taskNames } from '../../catalog/tasks/tasks.ts'
import { stages } from '../../catalog/stages.ts'

const stage = oneOf(stages)

/** JSON has no NaN: null replaces it. */
const measured = orNull(number)
/** Most blocks: no model has more, and views draw a row for each. */
const mostBlocks = 10_000
const blockCount = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= mostBlocks
const place = (value: unknown): value is number => blockCount(value) && value < mostBlocks

/** A pruned linear of a finished block: number of its weights, its zeros, and zeros / size. For several modules see `sparsityOf`. */
const moduleZeros = fields({
  size: number,
  zeros: number,
  sparsity: number,
  /** The certificate of a mask that this run chose, before recovery, where the Hessian of its inputs was available. */
  certificate: optional(
    fields({ rows: number, error: number, room: number, rows_without_room: number, tokens: optional(number) }),
  ),
})
export type ModuleZeros = Checked<typeof moduleZeros>

/** Errors of a block before and after one of several recoveries, by its index in the recipe's list. */
export const isBlockErrors = fields({ recovery: number, error_before: measured, error_after: measured })
export type BlockErrors = Checked<typeof isBlockErrors>

/** The setting of an allocation that a run found by trying. */
const chosen = {
  /** Index in the recipe's `prune`. */
  step: number,
  allocation: text,
  key: text,
  value: number,
  /** Each value that was tried, with the mean loss of the model pruned so. */
  tried: list(fields({ value: number, loss: measured })),
}
export const isChosenAllocation = fields(chosen)
export type ChosenAllocation = Fields<typeof chosen>

/**
 * What the merge of an adapter did to a matrix: √Σ (s·B·A)² over all its entries, and the share of that sum of squares on pruned
 * weights, where it was cut off, 0 to 1.
 */
const mergedUpdate = fields({ norm: number, cut: number })
export type MergedUpdate = Checked<typeof mergedUpdate>

/** A row or a column of a matrix, or an element of a vector, and its share of ‖W′ − W‖², 0 to 1. */
const movedPart = fields({ at: number, share: number })
export type MovedPart = Checked<typeof movedPart>

/**
 * How far a recovery moved a tensor, as the checkpoint stores it: ‖W′ − W‖ / ‖W‖ (null: W was all zeros), and what moved most of
 * it, largest first.
 */
export const isMovement = fields({ moved: measured, rows: list(movedPart), columns: list(movedPart) })
export type Movement = Checked<typeof isMovement>

/** The model's continuation of a prompt of the recipe. */
export const isSample = fields({
  prompt: text,
  text,
  /** Ids of the text, a stop token included. */
  tokens: list(number),
  /** UTF-16 units of the text up to each token's end. */
  ends: list(number),
})
export type Sample = Checked<typeof isSample>

/** What a run will do: views know its stages before they begin. */
const plannedStages = fields({
  prunes: flag,
  /** Modes of its recoveries in their order. */
  recoveries: list(text),
  /** Stages at which something is measured. */
  measures: list(stage),
})
export type PlannedStages = Checked<typeof plannedStages>

const shapes = {
  start: {
    name: text,
    model: text,
    device: text,
    description: text,
    version: text,
    blocks: blockCount,
    /** Modes of the recipe's recoveries in their order, where there are several. */
    recoveries: optional(list(text)),
    /** The stages that the run will pass; without it they are read from what its events show. */
    plan: optional(plannedStages),
    resumed: optional(flag),
  },
  /**
   * A phase begins: read, calibrate, prune, reconstruct, refit, retrain, merge, evaluate, save. `recovery`: its index in a recipe
   * that has several.
   */
  phase: { phase: text, recovery: optional(number) },
  progress: {
    phase: text,
    /** Units done in the phase. */
    done: number,
    total: number,
    unit: text,
    /** Seconds until the whole run is done; null before the first block or ten steps have been measured. */
    eta_s: measured,
    /** Share of the whole run that is done, 0 to 1; it never falls. Absent before the work is known. */
    overall: optional(number),
  },
  /** One optimiser step. `block` in reconstruction, `recovery` where there are several. */
  step: {
    recovery: optional(number),
    block: optional(place),
    step: number,
    loss: measured,
    lr: number,
    /** null where it took no time. */
    tokens_per_second: measured,
  },
  block: {
    block: place,
    /** By module name as in the checkpoint. */
    modules: record(moduleZeros),
    /** Mean squared error of outputs against the dense ones, of the block or (refit) of its linears; only when recovering. */
    error_before: optional(measured),
    error_after: optional(measured),
    /** Errors by each recovery of this pass over the blocks, where the recipe has several; the two above are the last one's. */
    errors: optional(list(isBlockErrors)),
    seconds: number,
  },
  allocation: chosen,
  /** An adapter was merged into a block; `block` is null for what is outside the blocks. */
  merge: { recovery: optional(number), block: orNull(place), modules: record(mergedUpdate) },
  /** How far a recovery moved the tensors of a block, by name in the checkpoint; `block` is null for what is outside the blocks. */
  moved: { recovery: optional(number), block: orNull(place), tensors: record(isMovement) },
  /** A measurement by one entry of the recipe's `evaluate`. */
  eval: {
    stage,
    /** Steps (retrain) or blocks (reconstruct, refit) done; only for measurements in between. */
    step: optional(number),
    /** With `step`, in a recipe that has several recoveries. */
    recovery: optional(number),
    /** Index in `evaluate`: two entries may share their data. */
    entry: number,
    task: optional(oneOf(taskNames)),
    /** Path of the data as the recipe gives it. */
    data: optional(text),
    /** Column or tensor of the data, where the recipe names one. */
    field: optional(text),
    /** The part of conversations whose tokens count, where not all do. */
    loss_on: optional(text),
    seq_len: optional(number),
    perplexity: optional(measured),
    /** Accuracy on a zero-shot task, also normalised by length where the harness has that, and its standard error (null: one row). */
    acc: optional(number),
    acc_norm: optional(number),
    stderr: optional(measured),
    /** Continuations, one per prompt, of a task that generates. */
    samples: optional(list(isSample)),
  },
  memory: { rss_mb: number, device_mb: number },
  warning: { message: text },
  /** `stage`: the model before recovery; else the result. */
  saved: { path: text, stage: optional(oneOf(['pruned', 'gguf'])) },
  end: { status: oneOf(['done', 'failed', 'cancelled']), message: optional(text) },
} satisfies Record<string, Readonly<Record<string, Check<unknown>>>>

/** A run event before its time stamp. */
export type NewRunEvent = { [T in keyof typeof shapes]: { type: T } & Fields<(typeof shapes)[T]> }[keyof typeof shapes]
/** `t`: milliseconds of work since the run started, without pauses; a resumed run continues to count. */
export type RunEvent = { t: number } & NewRunEvent

const byType = new Map<unknown, Check<unknown>>(Object.entries(shapes).map(([type, shape]) => [type, fields(shape)]))

/** Whether it is an event: views rely on this check. */
export function isRunEvent(value: unknown): value is RunEvent {
  return isRecord(value) && number(value.t) && byType.get(value.type)?.(value) === true
}
