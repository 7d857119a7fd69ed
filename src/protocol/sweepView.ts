// Messages between the extension host and the view of several runs: a sweep's, those that a person chose, or all of the
// workspace. Rows are small and sent whole when they change; curves are thinned by the host, and sent whole too.
import type { CurveName } from '../runs/series/curves.ts'
import type { ComparedRun } from '../runs/compared/comparedRun.ts'
import type { SentPerplexity, SweepResults } from '../runs/compared/sweepTable.ts'
import type { FromAnyView, ToAnyView } from './view.ts'

export interface ComparedRow extends ComparedRun {
  /** Place among the runs of the view, until all are sent anew. */
  readonly index: number
  /** The same as long as the run is there. */
  readonly key: string
  /** Name of its sweep; null: it has none. */
  readonly sweep: string | null
  /** Milliseconds; 0 is not known. */
  readonly started: number
  /** Why it did not end well. */
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
  /** Only a sweep has a folder of its own: nothing of the others can be begun or cancelled. `experiments`: all runs of the workspace. */
  readonly kind: 'sweep' | 'comparison' | 'experiments'
  readonly title: string
  /** Its runs that wait are jobs of Slurm, which can be cancelled. Other waiting runs do not start by themselves. */
  readonly isSubmitted?: boolean
  /** Says when it was planned, by which engine, and its folder. */
  readonly about: string
}

export interface CurvePart {
  /** Place of the group in the question. */
  readonly group: number
  /** Base64 of f32, NaN for what is not a number; `low` and `high` are empty for a group of one run. */
  readonly x: string
  readonly y: string
  readonly low: string
  readonly high: string
}

export type ToSweep =
  | ToAnyView
  /** The subject to keep for a reloaded window. */
  | { type: 'subject'; subject: string }
  /** All there is; sent again when runs came or went. */
  | { type: 'compared'; what: ComparedWhat; rows: SentRow[] }
  | { type: 'rows'; rows: SentRow[] }
  /** `watch`: the question that they answer. `isWhole`: all that is known by now has been sent. */
  | { type: 'curves'; watch: number; parts: CurvePart[]; isWhole: boolean }
  /** Export Table was called: answered by `exportTable`. */
  | { type: 'exportNow' }

export type FromSweep =
  | FromAnyView
  /** Which curves the view shows: of each group of runs one. The latest question counts. */
  | { type: 'watch'; watch: number; curve: CurveName; smoothing: number; groups: number[][] }
  /** `run`: its row's key, which other runs that come or go do not change. */
  | { type: 'openRun'; run: string }
  /** Saves the table of these runs; a person is asked for the format. */
  | { type: 'exportTable'; runs: number[] }
  | { type: 'act'; what: 'cancel' | 'goOn' | 'report' | 'recipe' }
