// Messages between the extension host and the view of several runs: those of a sweep, a chosen set, or all runs of the
// workspace. A row or a curve that changes is sent as a whole; the host thins curves first.
import type { CurveName } from '../runs/series/curves.ts'
import type { ComparedRun } from '../runs/compared/comparedRun.ts'
import type { SentPerplexity, SweepResults } from '../runs/compared/sweepTable.ts'
import type { FromAnyView, ToAnyView } from './view.ts'

export interface ComparedRow extends ComparedRun {
  /** Index among the runs of the view; valid until the next `compared` message. */
  readonly index: number
  /** Identifies the run for as long as it exists. */
  readonly key: string
  /** Name of its sweep; null: it has none. */
  readonly sweep: string | null
  /** Start time in ms since the epoch; 0: unknown. */
  readonly started: number
  /** Why the run did not succeed. */
  readonly message: string | null
  /** There is a run folder to open. */
  readonly isBegun: boolean
  /** Progress of a running run; a `share` of null is not known yet. */
  readonly progress: { readonly share: number | null; readonly text: string } | null
}

/** A row as it travels. */
export type SentRow = Omit<ComparedRow, 'results'> & { readonly results: SweepResults<SentPerplexity> }

/** The subject of the view. */
export interface ComparedWhat {
  /** Only a `sweep` has a folder of its own, and can be continued or cancelled. `experiments`: all runs of the workspace. */
  readonly kind: 'sweep' | 'comparison' | 'experiments'
  readonly title: string
  /** The sweep's waiting runs are Slurm jobs, which can be cancelled. Without Slurm, waiting runs do not start by themselves. */
  readonly isSubmitted?: boolean
  /** Says when it was planned, by which engine, and its folder. */
  readonly about: string
}

export interface CurvePart {
  /** Index of the group in the `watch` message. */
  readonly group: number
  /** Base64 of f32, NaN for what is not a number; `low` and `high` are empty for a group of one run. */
  readonly x: string
  readonly y: string
  readonly low: string
  readonly high: string
}

export type ToSweep =
  | ToAnyView
  /** The subject, which the page stores so that a reloaded window can restore the tab. */
  | { type: 'subject'; subject: string }
  /** All rows; sent again when runs were added or removed. */
  | { type: 'compared'; what: ComparedWhat; rows: SentRow[] }
  | { type: 'rows'; rows: SentRow[] }
  /** `watch`: number of the `watch` message that is answered. `isWhole`: everything known so far has been sent. */
  | { type: 'curves'; watch: number; parts: CurvePart[]; isWhole: boolean }
  /** The command Export Table was called; the view answers with `exportTable`. */
  | { type: 'exportNow' }

export type FromSweep =
  | FromAnyView
  /** The curves that the view shows, one for each group of runs. Replaces the previous `watch`. */
  | { type: 'watch'; watch: number; curve: CurveName; smoothing: number; groups: number[][] }
  /** `run`: key of its row, which stays valid when other runs are added or removed. */
  | { type: 'openRun'; run: string }
  /** Saves the table of these runs, in a format that the user chooses. */
  | { type: 'exportTable'; runs: number[] }
  | { type: 'act'; what: 'cancel' | 'goOn' | 'report' | 'recipe' }
