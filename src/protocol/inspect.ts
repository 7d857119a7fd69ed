// The inspector's data on a checkpoint: first the header, later the statistics, tensor by tensor. It is plain data that crosses
// two process boundaries as JSON. A statistic that was not computed is absent, never 0.
import type { MatrixCertificate } from '../plan/certificate.ts'
import type { MeasuredModule, WeightSpread } from '../plan/analysis.ts'
import type { Role } from '../catalog/families/tensorRoles.ts'
import type { NmValidity } from '../catalog/formats/sparsity.ts'
import type { MethodName } from '../catalog/methods/methods.ts'

export interface TensorRow {
  name: string
  /** Dtype as the file names it: F32, BF16, F16, I64, …, including dtypes without statistics. */
  dtype: string
  shape: number[]
  file: string
  bytes: number
  /** Bytes on disk of a tensor that is stored as a bitmask and its kept values. */
  storedBytes?: number
  parameters: number
  role: Role
  /** Transformer block, or null outside the blocks. */
  block: number | null
  /** Name inside the block without `.weight`, an expert's number replaced by `*`; the heatmap's column. */
  module: string
  /** Why no statistics can be had: a dtype the engine cannot read. */
  unreadable?: string
}

export interface TensorStats extends WeightSpread {
  name: string
  zeros: number
  /** zeros / parameters. */
  sparsity: number
  /** Number of NaN and infinite values. The statistics below and the spread leave them out. */
  nonFinite: number
  min: number | null
  max: number | null
  mean: number | null
  /** Mean |w|. */
  meanAbs: number | null
  /** By pattern "N:M"; only for matrices whose inputs divide by M. */
  nm: Record<string, NmValidity>
  histogram: Histogram | null
}

export interface Histogram {
  /** Edges are evenly spaced from `from` to `to`. */
  from: number
  to: number
  counts: number[]
}

export interface ModelSummary {
  /** Folder or single file that was opened. */
  path: string
  label: string
  /** config.json's model_type, when there is one. */
  modelType: string | null
  blocks: number
  tensors: TensorRow[]
  /** `__metadata__` of the files. */
  metadata: Record<string, string>
  parameters: number
  /** On disk. */
  bytes: number
  files: number
  /** One sentence each, for example about a missing config.json or unknown types. */
  warnings: string[]
  /** Files that could not be opened, and the tensors that are missing because of it. */
  problems: { message: string; missing: string[] }[]
  /** Provenance of a checkpoint that a run has made. */
  origin?: Origin
  /** True for GGUF files: the engine cannot compute with them, so the view offers no action that computes. */
  lookOnly?: boolean
}

/** How a checkpoint of ours was made, from the note beside it. */
export interface Origin {
  /** Name and value of each fact about what it is and how it was made. */
  facts: [name: string, value: string][]
  /** Results by stage. */
  results: { heads: string[]; rows: string[][] }
  /** How the numbers were measured, in sentences. */
  protocol: string[]
  /** YAML. */
  recipe: string
  /** Certificate of each mask by tensor: the share of the error that the best single swaps would still remove. */
  certificates: Readonly<Record<string, MatrixCertificate>>
  /** There is a README.md already. */
  hasCard: boolean
}

/** A certificate with the share of the error that swaps would remove, as a mean over the rows of each of up to 64 equal parts. */
export interface MeasuredRoom extends MatrixCertificate {
  room_by_part?: number[]
}

/** Newly measured modules, and the progress of the pass over the blocks, in windows. */
export interface AnalysisUpdate {
  modules: MeasuredModule[]
  /** Loss of the dense model, once it is known; null where no sensitivities are measured. */
  loss: number | null
  /** By tensor, where masks were measured beside their dense model. */
  certificates?: Record<string, MeasuredRoom>
  done: number
  total: number
}

/** What is known of a model when it is opened, including the statistics of earlier scans. */
export interface OpenedModel {
  model: ModelSummary
  stats: TensorStats[]
  /** The newest analysis beside the checkpoint, possibly partial; null: these weights have none. */
  analysis: AnalysisUpdate | null
}

/** One or more tensors have been scanned. */
export interface ScanProgress {
  stats: TensorStats[]
  doneBytes: number
  totalBytes: number
  elapsedMs: number
}

export interface ScanResult {
  scanned: number
  skipped: number
  /** True when it was cancelled or failed: what was scanned so far stays. */
  partial: boolean
  /** Why it failed. */
  problem?: string
}

export interface Tile {
  height: number
  width: number
  /** Per pixel the share of non-zeros times 255, row-major, base64. */
  density: string
  /** Mean |w| of each pixel over `most`, times 255, at most 255: row-major, base64. */
  size: { shares: string; most: number }
  /** The weights themselves (f32 little-endian, base64) when a pixel is one weight. */
  values: string | null
}

export interface Weight {
  /** The number as JavaScript writes it: JSON has no NaN. */
  value: string
}

export interface TensorDetail {
  name: string
  rows: number
  columns: number
  /** Share of zeros, 0 to 1, along the rows and along the columns, each in at most 512 bins. */
  rowSparsity: number[]
  columnSparsity: number[]
  /** Rows and columns that are zero as a whole. */
  zeroRows: number
  zeroColumns: number
  /** By attention head, for the projections of attention; null for other tensors and unknown families. */
  heads: { label: string; sparsity: number }[] | null
  /** Weights of the slice with |w| at most the threshold that was asked for; null when it was 0. */
  near: { threshold: number; count: number } | null
  stats: TensorStats
  /** Up to 100 groups that break the pattern the matrix comes closest to. */
  violations: { pattern: string; groups: { row: number; column: number }[] } | null
}

export interface TensorChange {
  name: string
  /** The same in both checkpoints: reshaped tensors are not compared. */
  shape: readonly number[]
  maxAbs: number
  /** Frobenius norm of B − A over that of A; null when A is all zeros or the distance cannot be computed for this dtype. */
  drift: number | null
  /** Number of weights that are zero in A but not in B. */
  filled: number
  /** Number of weights that are zero in B but not in A. */
  emptied: number
  parameters: number
  role: Role
  block: number | null
  module: string
}

/** Method with which the inspector measures the cost of pruning: the cheapest score that reads the inputs. A ranking needs no more. */
export const measuredMethod = 'wanda' satisfies MethodName

/** How much of a model is measured with `measuredMethod`, and how long the rest would take. */
export interface MeasuredSoFar {
  /** Blocks whose errors and losses are known, of all. */
  measured: number
  blocks: number
  /** Estimated time of the blocks that are left; 0: all are measured. */
  seconds: number
}

/** A tensor that is in both checkpoints. */
export interface ComparedTensor extends Pick<TensorChange, 'name' | 'role' | 'block' | 'module'> {
  /** False when the shapes differ: it is named, not compared. */
  comparable: boolean
}

export interface CompareProgress {
  /** The tensors that will be compared, in this order; only in the first message. */
  tensors?: ComparedTensor[]
  changes: TensorChange[]
  /** The first `done` have been compared. */
  done: number
  total: number
}

export interface CompareSummary {
  added: string[]
  removed: string[]
  /** Shape or dtype differ: not comparable. */
  reshaped: string[]
  changed: TensorChange[]
  same: number
  /** null: A has no pruned weight, or no tensor in common with B, so there is nothing to compare. */
  maskPreserved: boolean | null
  /** One sentence for people: whether sparsity survived. */
  verdict: string
}
