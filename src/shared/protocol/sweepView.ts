// Messages between the extension host and the view of several runs: a sweep's, or those that a person chose. Rows are
// small and sent whole when they change; curves are thinned by the host, and only what is new of them is sent.
import type { CurveName } from '../series/curves.ts'
import type { ComparedRun } from '../sweep/comparedRun.ts'
import type { ModuleZeros } from '../series/events.ts'
import type { FromAnyView, ToAnyView } from './view.ts'

export interface ComparedRow extends ComparedRun {
  /** Place among the runs of the view. */
  readonly index: number
  /** Why it did not end well. */
  readonly message: string | null
  /** There is a run folder to open. */
  readonly isBegun: boolean
  /** Progress of a run that goes on; a `share` of null is not known yet. */
  readonly progress: { readonly share: number | null; readonly text: string } | null
}

/** The subject of the view. */
export interface ComparedWhat {
  /** A comparison has no folder of its own: nothing of it can be begun or cancelled. */
  readonly kind: 'sweep' | 'comparison'
  readonly title: string
  /** Says when it was planned, by which engine, and where it lies. */
  readonly about: string
}

export interface CurvePart {
  /** Place of the group in the question. */
  readonly group: number
  /** How many of the points sent before still count. */
  readonly keep: number
  /** Base64 of f32, NaN for what is not a number; `low` and `high` are empty for a group of one run. */
  readonly x: string
  readonly y: string
  readonly low: string
  readonly high: string
}

/** Blocks of a run as they are pruned. */
export interface RunMap {
  readonly run: number
  readonly numBlocks: number
  readonly blocks: readonly {
    readonly block: number
    readonly modules: Readonly<Record<string, ModuleZeros>>
    readonly seconds: number
  }[]
}

export type ToSweep =
  | ToAnyView
  /** The subject to keep, so that a reloaded window can show the same again. */
  | { type: 'subject'; subject: string }
  | { type: 'compared'; what: ComparedWhat; rows: ComparedRow[] }
  | { type: 'rows'; rows: ComparedRow[] }
  /** `watch`: the question that they answer. `isWhole`: all that is known by now has been sent. */
  | { type: 'curves'; watch: number; parts: CurvePart[]; isWhole: boolean }
  | { type: 'maps'; maps: RunMap[] }

export type FromSweep =
  | FromAnyView
  /** Which curves the view shows: of each group of runs one. The latest question counts. */
  | { type: 'watch'; watch: number; curve: CurveName; smoothing: number; groups: number[][] }
  /** Which runs' maps it shows. */
  | { type: 'watchMaps'; runs: number[] }
  | { type: 'openRun'; run: number }
  | { type: 'act'; what: 'cancel' | 'goOn' | 'report' | 'recipe' }
