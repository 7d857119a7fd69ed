// Figures of a dense model's matrices inside the blocks (docs/methods.md, "Values of a matrix"): from values alone, from inputs on
// calibration text, and from pruning one by itself. The backend checks its calls with these at its start, so this file imports no planning.
import * as z from 'zod'

const errorSchema = z.strictObject({
  method: z.string(),
  sparsity: z.number(),
  pattern: z.string(),
  /** ‖X(W − Ŵ)ᵀ‖² / ‖XWᵀ‖² on the dense model's inputs; null where all inputs were 0. */
  error: z.number().nullable(),
  /** Share of that error that the best swap of each row would remove (docs/methods.md, "Swaps"); earlier versions did not measure it. */
  room: z.number().optional(),
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

/** Statistics of all finite values; null without any. */
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
