// The extension's calls into the backend process: one interface, from which both sides derive their types.
// They travel as JSON-RPC over a socket of the user's own. Bytes are base64 in JSON: the two ends may be different
// versions of Node, whose structured-clone formats need not agree.
import type {
  AnalysisUpdate,
  CompareProgress,
  CompareSummary,
  OpenedModel,
  ScanProgress,
  ScanResult,
  SeenModel,
} from './inspect.ts'
import type { DetailRequest, TensorDetail, Tile, TileRequest, Weight, WeightRequest } from './inspect.ts'
import type { SensitivityUnit } from '../analysis/analysis.ts'
import type { MeasurableMethod } from '../analysis/plannedMap.ts'
import type { MethodName } from '../methods/methods.ts'
import type { PrecisionChoice } from '../recipe/precisions.ts'
import type { PlannedText } from '../plan/planSummary.ts'
import type { GgufSizes, GgufTypeName } from '../format/gguf/ggufTypes.ts'
import type { ToldPush } from '../format/pushText.ts'
import type { AskedQuestion, QuestionsRequest } from './questions.ts'
import type { TryParams, TryProgress } from './tryOut.ts'

/** Raised when a message changes its meaning; the extension refuses a backend that speaks another one. */
export const protocolVersion = 3

/** The device to compute on, as the settings have it. */
export interface DeviceChoice {
  device: 'auto' | 'cpu' | 'wgpu'
  /** Which GPU, by its name or a part of it; '': the fastest. */
  adapter: string
  /** 0: as many as there are cores. */
  threads: number
  /** Limit on a GPU's memory, such as 8GB; '': all that it gives. */
  deviceMemory: string
  /** Precision of products in a run whose recipe leaves it to the device. */
  precision: PrecisionChoice
}

export interface HelloParams extends DeviceChoice {
  protocol: number
  /** Folder for cached statistics. */
  cache: string
}

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

export interface RunParams {
  recipe: string
  /** Overrides as in `run --set`: "recover.steps=10". */
  set: string[]
  /** Run folder to go on with, or null. */
  resume: string | null
  /** Folders that hold the outputs may be made; nothing that exists is ever overwritten. */
  memoryBytes: number | null
  /** Folders of the workspace's recipes that have runs: those that finished tell how long others take. */
  runFolders?: string[]
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

/** A run that goes on or waits; whichever window started it, others may follow it. */
export interface ActiveRun {
  id: number
  recipe: string
  /** null while it waits. */
  folder: string | null
  paused: boolean
}

/** Bytes that are fetched, sent or written by now, of all. */
export interface PullProgress {
  have: number
  total: number
}

/** The result of a run, to be sent to a repository of the Hub, which is made where there is none. */
export interface PublishRequest {
  /** The folder of the result, or of the run that saved it. */
  folder: string
  repository: string
  revision: string
  /** For a repository that is made. */
  isPrivate: boolean
}

/** What would be sent, and who could read it. */
export interface PublishPlan extends ToldPush {
  /** Paths of this machine that the recipe names. */
  ownPaths: string[]
  /** Stands for all of this, so that only what a person has agreed to is sent. */
  agreed: string
}

/** A checkpoint as a GGUF file. `replaces`: a person has agreed that a file of that name goes. */
export interface GgufRequest {
  path: string
  to: string
  type: GgufTypeName
  replaces: boolean
}

/** An analysis of a model on calibration text, as `sparsescope analyse` makes it. */
export interface AnalysisRequest {
  path: string
  calibration: { data: string; field?: string; samples?: number; seqLen?: number }
  methods?: MethodName[]
  sparsities?: number[]
  patterns?: string[]
  sensitivity: SensitivityUnit | null
  /** Only so many of the first blocks. */
  blocks?: number
}

/** What an analysis goes on with when another method is to be measured beside the known ones. */
export interface Measurable {
  /** Text of the newest analysis of these weights; null: there is none. */
  calibration: { data: string; field?: string; samples: number; seqLen: number } | null
  /** By which errors of methods are comparable. */
  sparsities: number[]
  patterns: string[]
  methods: MeasurableMethod[]
}

interface Call<Params, Result, Progress = never> {
  params: Params
  result: Result
  progress: Progress
}

/** Every request. A progress type other than `never` means that partial results arrive before the result. */
export interface BackendCalls {
  hello: Call<HelloParams, HelloResult>
  device: Call<null, DeviceFacts>
  adapters: Call<null, AdapterName[]>
  openModel: Call<Omit<SeenModel, 'mask'>, OpenedModel>
  scan: Call<{ path: string }, ScanResult, ScanProgress>
  tile: Call<TileRequest, Tile>
  detail: Call<DetailRequest, TensorDetail>
  weight: Call<WeightRequest, Weight>
  measurable: Call<{ path: string }, Measurable>
  analyse: Call<AnalysisRequest, { warnings: string[] }, AnalysisUpdate>
  compare: Call<{ a: SeenModel; b: SeenModel }, CompareSummary, CompareProgress>
  /** Downloads from the Hub; only ever called when a person has asked for this model. */
  pull: Call<{ name: string }, { folder: string }, PullProgress>
  /** Asks the Hub what publishing would change, and changes nothing. */
  planPublish: Call<PublishRequest, PublishPlan>
  /** Sends to the Hub; only ever called when a person has agreed to the plan. */
  publish: Call<PublishRequest & { agreed: string }, { address: string }, PullProgress>
  /** What a GGUF file of a checkpoint would take; fails where llama.cpp does not have such a model. */
  ggufSizes: Call<{ path: string }, GgufSizes>
  writeGguf: Call<GgufRequest, { bytes: number; warnings: readonly string[] }, PullProgress>
  /** Several checkpoints go on from the same prompts. */
  tryOut: Call<TryParams, { device: string }, TryProgress>
  /** Texts of rows of a task's data, in the order of the file. */
  questions: Call<QuestionsRequest, AskedQuestion[]>
  /** Writes the model card of a checkpoint that a run has saved; never over one that is there. */
  writeCard: Call<{ path: string }, { file: string }>
  plan: Call<{ recipe: string; text: string; runFolders?: string[] }, PlannedText>
  run: Call<RunParams, RunOutcome, RunUpdate>
  activeRuns: Call<null, ActiveRun[]>
  /** Answers and updates as of `run`, for a run that another connection started. Cancelling it cancels the run. */
  follow: Call<{ id: number }, RunOutcome, RunUpdate>
  pause: Call<{ folder: string; paused: boolean }, null>
  ping: Call<null, null>
}

export type CallName = keyof BackendCalls
export type ParamsOf<C extends CallName> = BackendCalls[C]['params']
export type ResultOf<C extends CallName> = BackendCalls[C]['result']
export type ProgressOf<C extends CallName> = BackendCalls[C]['progress']

/** Progress notification of the call that carries the same token. */
export const progressMethod = 'progress'
export interface ProgressMessage {
  token: number
  value: unknown
}

/** Parameters as they travel: progress wants a token. */
export interface Envelope<P> {
  token: number
  params: P
}

/** JSON-RPC's own codes end at -32000; ours follow the engine's codes as `data.code`. */
export const engineFailure = -31000
export interface FailureData {
  /** An engine error code, or one of the channel's own below. */
  code: string
}
export type ChannelCode = 'backend-stopped' | 'backend-unavailable' | 'protocol' | 'internal'
