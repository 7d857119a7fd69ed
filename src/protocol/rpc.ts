// Results and progress of the extension's calls into the backend process; their parameters are in parameters.ts.
// Calls are JSON-RPC over a private socket of the user. Bytes are base64 in JSON, because the two ends may be different
// versions of Node, whose structured-clone formats may differ.
import type {
  AnalysisUpdate,
  CompareProgress,
  CompareSummary,
  MeasuredSoFar,
  OpenedModel,
  ScanProgress,
  ScanResult,
  TensorDetail,
  Tile,
  Weight,
} from './inspect.ts'
import type { PlannedText } from '../plan/planSummary.ts'
import type { SensitivityUnit } from '../plan/analysis.ts'
import type { GgufSizes } from '../catalog/formats/gguf/ggmlTypes.ts'
import type { CallName } from './parameters.ts'
import type { TryProgress } from './tryOut.ts'
import type { MovedTensors } from '../runs/series/training.ts'

/** Increased when a message changes its meaning; the extension refuses a backend with another version. */
export const protocolVersion = 5

export interface HelloResult {
  protocol: number
  version: string
  node: string
  pid: number
}

/** Which device computes, proved by a value written to it and read back. */
export interface DeviceFacts {
  device: 'cpu' | 'wgpu'
  description: string
  /** Why this one: what was tried and refused, one sentence each. */
  reasons: string[]
}

/** A GPU, or a driver that computes on the CPU in place of one. */
export interface AdapterName {
  name: string
  software: boolean
}

export interface RunOutcome {
  status: 'done' | 'failed' | 'cancelled'
  folder: string | null
  message: string | null
}

/** The run's events.jsonl has grown. The file is the truth for live and finished runs alike. */
export interface RunUpdate {
  folder: string
}

/** A run that runs or waits. Any window may follow it, whichever started it. */
export interface ActiveRun {
  id: number
  recipe: string
  /** null while it waits. */
  folder: string | null
  /** The run folder that it continues; null: it is a new run. */
  resume: string | null
  paused: boolean
}

/** Bytes fetched or written so far, and in total. */
export interface PullProgress {
  have: number
  total: number
}

/** What the sparsescope.json of a result says about its training. */
export interface TrainedResult {
  /** The recipe on the result itself, as YAML. */
  recipe: string
  moved: { recovery: number; tensors: MovedTensors }[]
  /** Share of zeros by matrix, for those that are pruned. */
  sparsities: Record<string, number>
}

/** What an analysis in place continues from. */
export interface Measurable {
  /** Text of the newest analysis of these weights; null: there is none. */
  calibration: { data: string; field?: string; samples: number; seqLen: number } | null
  /** Sparsities to measure at: those of the newest analysis, so that errors of methods stay comparable, or else the defaults. */
  sparsities: number[]
  patterns: string[]
  /** Unit whose losses are to be measured too; null: the losses of all blocks are known, or `soFar` is null. */
  sensitivity: SensitivityUnit | null
  /** null: the engine cannot compute with this model. */
  soFar: MeasuredSoFar | null
}

/** What a run that an agent requests would do. */
export interface AskedRun {
  /** Path of the recipe. */
  recipe: string
  set: readonly string[]
  /** Says what the run writes, how long it takes and how much memory it needs. The editor's question shows it. */
  summary: string
}

interface Answer<Result, Progress = never> {
  result: Result
  progress: Progress
}

/** What each call answers. A progress type other than `never` means that partial results arrive before the result. */
interface Answers extends Record<CallName, Answer<unknown, unknown>> {
  hello: Answer<HelloResult>
  device: Answer<DeviceFacts>
  adapters: Answer<AdapterName[]>
  openModel: Answer<OpenedModel>
  scan: Answer<ScanResult, ScanProgress>
  tile: Answer<Tile>
  detail: Answer<TensorDetail>
  weight: Answer<Weight>
  measurable: Answer<Measurable>
  analyse: Answer<{ warnings: string[] }, AnalysisUpdate>
  compare: Answer<CompareSummary, CompareProgress>
  pull: Answer<{ folder: string }, PullProgress>
  ggufSizes: Answer<GgufSizes>
  writeGguf: Answer<{ bytes: number; warnings: readonly string[] }, PullProgress>
  tryOut: Answer<{ device: string }, TryProgress>
  chatTemplates: Answer<boolean[]>
  trained: Answer<TrainedResult>
  writeCard: Answer<{ file: string }>
  plan: Answer<PlannedText>
  run: Answer<RunOutcome, RunUpdate>
  agentTool: Answer<{ text: string; isError: boolean }, string>
  prepareRun: Answer<AskedRun>
  activeRuns: Answer<ActiveRun[]>
  follow: Answer<RunOutcome, RunUpdate>
  pause: Answer<null>
  ping: Answer<null>
}

export type ResultOf<C extends CallName> = Answers[C]['result']
export type ProgressOf<C extends CallName> = Answers[C]['progress']

/** Progress notification of the call that carries the same token. */
export const progressMethod = 'progress'
export interface ProgressMessage {
  token: number
  value: unknown
}

/** Parameters as they are sent. Progress notifications refer to the call by `token`. */
export interface Envelope<P> {
  token: number
  params: P
}

/** Outside the codes that JSON-RPC reserves, which end at -32000. The engine's own code is in `data.code`. */
export const engineFailure = -31000
export interface FailureData {
  /** An engine error code, or one of the channel's own below. */
  code: string
}
export type ChannelCode = 'backend-stopped' | 'backend-unavailable' | 'protocol' | 'internal'
