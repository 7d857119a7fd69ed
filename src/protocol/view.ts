// The views of the editor, one row each, and their messages to and from the extension host, one union per direction and view. The host
// holds the state and replays it when a view says `ready`, so a view that was hidden, reloaded or reopened shows the same.
import type { RunStatus } from '../runs/series/foldRun.ts'
import type { CallName, ParamsOf, SeenModel } from './parameters.ts'
import type { TryProgress, Turn } from './tryOut.ts'
import type { RunEvent } from '../runs/series/events.ts'
import type {
  CompareProgress,
  CompareSummary,
  OpenedModel,
  ScanProgress,
  ScanResult,
  AnalysisUpdate,
  MeasuredSoFar,
} from './inspect.ts'
import type { PlannedText, TrainBudget } from '../plan/planSummary.ts'
import type { FormField } from '../recipe/settings/fields.ts'
import type { RecipeChoices } from '../recipe/writing/choices.ts'
import type { WrittenChoices } from '../recipe/writing/recipeText.ts'
import type { Subset } from '../catalog/adapters/subsets.ts'
import type { RunResult } from '../runs/series/runResult.ts'
import type { TrainingUpdate } from '../runs/series/training.ts'
import type { ResultOf } from './rpc.ts'

/** Entries in VS Code's menus, by the name of the menu. */
type Menus = Readonly<Record<string, readonly { readonly group?: string; readonly when?: string }[]>>

/**
 * A view of the editor. Its page is webview-ui/<name>/main.tsx; the bundle, the page around it, the tab's type and, by
 * `npm run generate`, what package.json says of it follow from the row.
 */
interface ViewRow {
  /** Type by which VS Code identifies its tabs. */
  readonly type: string
  /** Its tabs come back when the window is reloaded. */
  readonly restored: boolean
  readonly opens: {
    readonly command: `sparsescope.${string}`
    readonly title: string
    readonly icon?: string | { readonly light: string; readonly dark: string }
    readonly enablement?: string
    readonly menus?: Menus
  }
}

const ofTrusted = 'isWorkspaceTrusted'
/** GGUF files can only be inspected. */
const notGguf = 'resourceExtname != .gguf'
const computed = `${ofTrusted} && ${notGguf}`

const begunRuns = String.raw`/^run\.(running|paused|done|stopped)$|^sweepRun\.(begun|done)$/`

export const views = {
  inspector: {
    // The type of a custom editor, whose tabs VS Code restores by itself.
    type: 'sparsescope.checkpoint',
    restored: false,
    opens: {
      command: 'sparsescope.openOverview',
      title: 'Open Model Overview',
      icon: '$(layers)',
      menus: { 'sparsescope.explorer': [{ group: '1_look@1' }] },
    },
  },
  run: {
    type: 'sparsescope.run',
    restored: true,
    opens: {
      command: 'sparsescope.openRun',
      title: 'Open Run…',
      icon: '$(graph-line)',
      menus: { 'webview/context': [{ group: '1_look@1', when: 'webviewSection =~ /^run\\./' }] },
    },
  },
  sweep: {
    type: 'sparsescope.sweep',
    restored: true,
    opens: {
      command: 'sparsescope.openSweep',
      title: 'Open Sweep…',
      icon: '$(graph-scatter)',
      menus: {
        'view/item/context': ['inline@1', '1_look@1'].map((group) => ({
          group,
          when: 'view == sparsescope.runs && viewItem =~ /^sweep\\./',
        })),
      },
    },
  },
  compare: {
    type: 'sparsescope.compare',
    restored: true,
    opens: {
      command: 'sparsescope.compareSelected',
      title: 'Compare Selected Checkpoints',
      menus: {
        commandPalette: [{ when: 'false' }],
        'sparsescope.explorer': [{ group: '3_compare@3', when: 'listDoubleSelection' }],
      },
    },
  },
  recipe: {
    type: 'sparsescope.recipe',
    restored: true,
    opens: {
      command: 'sparsescope.prune',
      title: 'Prune Checkpoint…',
      icon: { light: 'media/prune-light.svg', dark: 'media/prune-dark.svg' },
      enablement: ofTrusted,
      menus: {
        commandPalette: [{ when: ofTrusted }],
        'sparsescope.explorer': [{ group: '2_run@1', when: computed }],
        'view/item/context': [
          { group: '2_run@1', when: `view == sparsescope.models && viewItem == model && ${ofTrusted}` },
        ],
      },
    },
  },
  trainable: {
    type: 'sparsescope.trainable',
    restored: false,
    opens: {
      command: 'sparsescope.showTrainable',
      title: 'Show Which Weights Train',
      menus: {
        'sparsescope.explorer': [{ group: '1_look@3', when: notGguf }],
        'editor/title': [
          { group: '1_sparsescope', when: `activeCustomEditorId == 'sparsescope.checkpoint' && ${notGguf}` },
          { group: '1_sparsescope', when: "activeWebviewPanelId == 'sparsescope.run'" },
        ],
        'view/item/context': [
          { group: '1_look@2', when: `view == sparsescope.runs && viewItem =~ ${begunRuns}` },
          { group: '1_look@2', when: 'view == sparsescope.models && viewItem == model' },
        ],
      },
    },
  },
  try: {
    type: 'sparsescope.try',
    restored: true,
    opens: {
      command: 'sparsescope.tryOut',
      title: 'Try It…',
      icon: '$(comment)',
      enablement: ofTrusted,
      menus: {
        commandPalette: [{ when: ofTrusted }],
        'sparsescope.explorer': [{ group: '1_look@2', when: computed }],
        'editor/title': [
          { group: 'navigation@2', when: `activeCustomEditorId == 'sparsescope.checkpoint' && ${computed}` },
        ],
        'view/item/context': [
          {
            group: '1_look@1',
            when: `(view == sparsescope.models && viewItem == model || viewItem == run.done) && ${ofTrusted}`,
          },
        ],
        'webview/context': [{ group: '1_look@3', when: `webviewSection == 'run.done' && ${ofTrusted}` }],
      },
    },
  },
} as const satisfies Record<string, ViewRow>

export type ViewName = keyof typeof views

export interface ViewSettings {
  palette: 'viridis' | 'cividis' | 'greys'
  /** Weight of the past in the smoothed curve, 0 to 0.99. */
  smoothing: number
  maxPoints: number
  /** Running is allowed: false in an untrusted workspace. */
  trusted: boolean
}

/** Calls that a view may make through the host. */
export type ViewCall = Extract<CallName, 'tile' | 'detail' | 'weight'>
/** Which checkpoint of the view is meant; the host alone knows its path. A comparison has two. */
export type ModelKey = 'first' | 'second'
export type AskParams<C extends ViewCall> = Omit<ParamsOf<C>, keyof SeenModel>
/** The view cancels a question whose answer it no longer shows (`cancelAsk`). */
export type Ask = {
  [C in ViewCall]: { type: 'ask'; id: number; call: C; model: ModelKey; params: AskParams<C> }
}[ViewCall]
export type Reply =
  | { type: 'reply'; id: number; ok: true; value: ResultOf<ViewCall> }
  | { type: 'reply'; id: number; ok: false; message: string }

/** Shared by all views. */
export type ToAnyView =
  | Reply
  | { type: 'settings'; settings: ViewSettings }
  | { type: 'loading'; what: string }
  | { type: 'failed'; message: string }

export interface ExportFile {
  type: 'export'
  /** Suggested file name. */
  name: string
  /** Text, or base64 of bytes. */
  content: string
  encoding: 'utf8' | 'base64'
}
export type FromAnyView =
  | Ask
  | { type: 'cancelAsk'; id: number }
  | ExportFile
  | { type: 'ready' }
  | { type: 'retry' }
  | { type: 'copy'; text: string }

export type ToInspector =
  | ToAnyView
  /** `scanAhead`: a scan is running or about to start; its `scanEnd` follows. */
  | ({ type: 'model'; scanAhead?: boolean } & OpenedModel)
  | { type: 'analysis'; update: AnalysisUpdate }
  /** `problem`: why the analysis failed, or its first warning; null: neither. */
  | { type: 'analysisEnd'; problem: string | null }
  /** How much of the cost of pruning has been measured; sent again after each scan and analysis. */
  | { type: 'measurable'; soFar: MeasuredSoFar | null }
  | { type: 'scan'; progress: ScanProgress }
  | { type: 'scanEnd'; result: ScanResult }
  | { type: 'select'; name: string }
  | { type: 'exportNow'; format: ExportFormat }
export type FromInspector =
  | FromAnyView
  /** Measures what pruning would cost; asks the user for a text if no analysis has used one. */
  | { type: 'analyse' }
  | { type: 'analyseCancel' }
  /** Certifies the masks of the model; asks the user for the dense model and a text. */
  | { type: 'measureRoom' }
  | { type: 'scanStart' }
  | { type: 'scanCancel' }
  | { type: 'prune' }
  | { type: 'writeCard' }
  /** The marked weights, to copy as a line of a recipe, or (`recipe`) to add to an open recipe of the model that the user chooses. */
  | { type: 'useMarked'; as: 'targets' | 'ignore' | 'recipe'; names: string[] }
  | { type: 'selected'; name: string }
export type ExportFormat = 'csv' | 'json' | 'svg' | 'png' | 'html'

export interface LabelledModel extends SeenModel {
  label: string
}

export type ToCompare =
  | ToAnyView
  | { type: 'models'; a: LabelledModel; b: LabelledModel }
  | { type: 'progress'; progress: CompareProgress }
  | { type: 'result'; result: CompareSummary }
export type FromCompare = FromAnyView | { type: 'cancel' } | { type: 'tryOut' }

export interface RunListing {
  folder: string
  /** Name of the recipe. */
  name: string
  /** Local time at which the run began; empty if the folder's name does not begin with a time. */
  time: string
  status: RunStatus
  started: number
}

export type ToRun =
  | ToAnyView
  | { type: 'runs'; current: string; runs: RunListing[] }
  /** `from` is the index of the first event: 0 replaces what the view has. */
  | { type: 'events'; folder: string; from: number; events: RunEvent[] }
  /** Result of the run that the view shows, once the run has succeeded; null again when it is resumed. */
  | { type: 'runResult'; result: RunResult | null }
export type FromRun =
  | FromAnyView
  | { type: 'pause'; paused: boolean }
  | { type: 'cancelRun' }
  | { type: 'resumeRun' }
  | { type: 'overlay'; folder: string }
  /** A pruned matrix, by its name in a `block` event: shown in the result, or in the source before there is one. */
  | { type: 'openMatrix'; name: string }
  /** `comparison`: compares two models of the run; the user chooses if there are several pairs. */
  | { type: 'reveal'; what: 'output' | 'recipe' | 'report' | 'comparison' | 'tryOut' | 'card' }

/** A checkpoint of the view that tries models out: `role` is its role among the others, such as `dense`; '' if unknown. */
export interface TriedModel extends LabelledModel {
  role: string
}

export type ToTry =
  | ToAnyView
  /** Replaces the columns and clears all texts. `note`: why a column that the user may expect is missing. */
  | { type: 'columns'; columns: TriedModel[]; note: string | null }
  /** Whether all columns have a chat template. */
  | { type: 'chat'; possible: boolean }
  /** `turns`: the earlier turns of a conversation. */
  | { type: 'begun'; prompts: string[]; turns?: Turn[] }
  | { type: 'written'; progress: TryProgress[] }
  /** `message`: why the generation failed; `device`: where it was computed, if it succeeded. */
  | { type: 'ended'; status: 'done' | 'stopped' | 'failed'; message: string | null; device: string | null }
export type FromTry =
  | FromAnyView
  | { type: 'generate'; prompts: string[]; maxTokens: number; turns?: Turn[] }
  /** Stops a generation in progress and discards all texts. */
  | { type: 'clear' }
  | { type: 'stop' }
  | { type: 'addColumn' }
  | { type: 'removeColumn'; column: number }

/** What the view "which weights train" is opened from; `dryRun`: a recipe, through the command Dry Run. */
export type ShownTraining = 'dryRun' | 'recipe' | 'run' | 'result'
export type ToTrainable =
  | ToAnyView
  /** `hasWeights`: the view can request pictures of pruned matrices. */
  | { type: 'plan'; of: ShownTraining; hasWeights: boolean; plan: PlannedText }
  /** What a run or a result says of its training. `isAnew`: it replaces what the view has. */
  | { type: 'training'; update: TrainingUpdate; isAnew: boolean }
export type FromTrainable =
  | FromAnyView
  | { type: 'openRecipe' | 'openRun' | 'run' }
  | { type: 'openMatrix'; name: string }
  /** Writes what a recovery trains into the recipe. */
  | { type: 'train'; recovery: number; budget: Pick<TrainBudget, 'train' | 'rank'> }

/** What the form of a recipe begins with. */
export interface RecipeStart {
  /** `prune` for a dense model; `recover` for a model that is already pruned. */
  kind: 'prune' | 'recover'
  /** Path of the model's index or weights file, and the model's name. */
  weights: string
  label: string
  parameters: number
  /** Sparsity of its matrices as recorded by a run; null: not recorded. */
  sparsity: number | null
  choices: RecipeChoices
  /** Subsets that are trained by default. */
  train: Subset[]
  /** This machine has enough memory to train the whole model. */
  canRetrain: boolean
  /** Text files near the model, as paths for a recipe. */
  texts: string[]
  /** Every setting of the form. */
  fields: readonly FormField[]
}
/** What the user may browse for: a text of `calibration` or `evaluate`, with its index, or the folder of an adapter. */
export type BrowsedFor = readonly ['calibration' | 'evaluate', number] | 'adapter'

export type ToRecipe =
  | ToAnyView
  | ({ type: 'start' } & RecipeStart)
  | ({ type: 'written' } & WrittenChoices)
  /** The plan of the recipe `text`; `problem`: why there is none. */
  | { type: 'planned'; text: string; plan: PlannedText | null; problem: string | null }
  | { type: 'browsed'; use: BrowsedFor; path: string }
export type FromRecipe =
  | FromAnyView
  /** The form's choices, and those of each preset that could run. */
  | { type: 'write'; all: RecipeChoices[] }
  | { type: 'plan'; text: string }
  | { type: 'browse'; use: BrowsedFor }
  | { type: 'create'; choices: RecipeChoices; run: boolean }
