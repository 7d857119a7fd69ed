// The analysis of a dense model's matrices inside the blocks (docs/methods.md, "Values of a matrix"): figures from values alone, from
// inputs on calibration text, and from pruning one matrix by itself, with the ways of pruning that it tries.
import * as z from 'zod'
import { parseNm } from '../catalog/formats/sparsity.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import type { MethodName } from '../catalog/methods/methods.ts'
import { stepFindings } from './stepFindings.ts'
import { viewModel } from './modelView.ts'
import { pruneEntries, type PruneEntry } from './pruneEntries.ts'
import { plannedLinears } from './runPlan.ts'
import { type ResolvedPruneStep, resolvePruneStep } from '../recipe/resolve.ts'
import { unstructured } from '../recipe/defaults.ts'

const errorSchema = z.strictObject({
  method: z.string(),
  sparsity: z.number(),
  pattern: z.string(),
  /** ‖X(W − Ŵ)ᵀ‖² / ‖XWᵀ‖² on the dense model's inputs; null where all inputs were 0. */
  error: z.number().nullable(),
})

const activationSchema = z.strictObject({
  /** Root mean square of the input's values. */
  norm: z.number(),
  /** Percentage of the scores |w|·‖x‖ above five times their mean: OWL's ratio (arXiv 2310.05175), of this matrix alone. */
  outliers: z.number(),
  /** (tr H)² / ‖H‖²_F of H = XᵀX, the participation ratio of its eigenvalues: 1 to the number of inputs. */
  effective_rank: z.number().nullable(),
})

/** Figures of one matrix from a pass over the calibration set. */
export const measuredModuleSchema = z.strictObject({
  name: z.string(),
  block: z.number().int().min(0),
  /** null for an expert that the router never chose. */
  activation: activationSchema.nullable(),
  errors: z.array(errorSchema),
  /** Mean next-token loss of the model when only this matrix, or only its block, is pruned; null where it was not asked. */
  sensitivity: z.number().nullable(),
})

export type PruningError = z.infer<typeof errorSchema>
export type MeasuredModule = z.infer<typeof measuredModuleSchema>

/** Figures of all finite values; null where there are none. */
export interface WeightSpread {
  std: number | null
  /** Fourth moment about the mean over the squared variance: 3 for a normal distribution. */
  kurtosis: number | null
  /** Share of the values more than four standard deviations from the mean: 6e-5 for a normal distribution. */
  outliers: number | null
}

export type AnalysedModule = MeasuredModule & WeightSpread

export interface Analysis {
  model: string
  /** null where only values were scanned. */
  calibration: { data: string; windows: number; seq_len: number } | null
  sensitivity: {
    unit: SensitivityUnit
    method: string
    sparsity: number
    pattern: string
    windows: number
    loss: number
  } | null
  modules: AnalysedModule[]
  seconds: number
  peak_memory_mb: number
  device: string
}

export const sensitivityUnits = ['linear', 'block'] as const
export type SensitivityUnit = (typeof sensitivityUnits)[number]

/** A way of pruning whose error an analysis measures, the same for all matrices. */
export interface Candidate {
  readonly method: MethodName
  /** N / M for a pattern N:M. */
  readonly sparsity: number
  /** "unstructured" or "N:M". */
  readonly pattern: string
  readonly entry: PruneEntry
}

/** Default methods: the baseline, the cheap one that needs inputs, and one that solves. */
export const defaultMethods: readonly MethodName[] = ['magnitude', 'wanda', 'sparsegpt']
export const defaultSparsities: readonly number[] = [0.5, 0.6, 0.7]

export interface Asked {
  readonly methods?: readonly MethodName[]
  readonly sparsities?: readonly number[]
  readonly patterns?: readonly string[]
}

/** The problem is a sentence: why the model cannot be pruned so. */
export function candidatesOf(asked: Asked, config: ModelConfig): { candidates: Candidate[] } | { problem: string } {
  const linears = plannedLinears(config)
  const { methods = defaultMethods, patterns = [] } = asked
  const sparsities = asked.sparsities ?? (patterns.length > 0 ? [] : defaultSparsities)
  const amounts = [...sparsities.map((sparsity) => ({ sparsity })), ...patterns.map((pattern) => ({ pattern }))]
  const steps = methods.flatMap((method) => amounts.map((amount) => resolvePruneStep({ method, ...amount })))
  for (const step of steps) {
    const problem = problemOf(step, config)
    if (problem !== null) return { problem }
  }
  const candidates = steps.map((step): Candidate => {
    const { method, pattern, sparsity } = step
    const [entry] = pruneEntries([step], linears, config.numBlocks)
    return { method, sparsity: Number(sparsity), pattern, entry }
  })
  return { candidates }
}

function problemOf(step: ResolvedPruneStep, config: ModelConfig): string | null {
  const { pattern, sparsity } = step
  if (pattern !== unstructured && !parseNm(pattern))
    return `pattern ${pattern} is none: write N:M, such as 2:4, for N zeros in every M inputs`
  if (!(Number(sparsity) > 0 && Number(sparsity) < 1)) return `sparsity ${String(sparsity)} is not between 0 and 1`
  const [finding] = [...stepFindings({ prune: [step] }, viewModel(config))]
  return finding ? `pattern ${pattern}: ${finding.message}` : null
}
