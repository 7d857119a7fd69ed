// The ways of pruning whose errors an analysis measures: methods at sparsities or patterns, the same for all matrices.
import { parseNm } from '../catalog/formats/sparsity.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import type { MethodName } from '../catalog/methods/methods.ts'
import { stepFindings } from './stepFindings.ts'
import { viewModel } from './modelView.ts'
import type { PruneEntry } from './pruneEntry.ts'
import { plannedLinears, pruneEntries } from './runPlan.ts'
import { type ResolvedPruneStep, resolvePruneStep } from '../recipe/resolve.ts'
import { unstructured } from '../recipe/defaults.ts'

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

/** `problem` is a sentence that says why the model cannot be pruned as asked. */
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
    return `pattern ${pattern} is not valid: write N:M, such as 2:4, for N zeros in every M inputs`
  if (!(Number(sparsity) > 0 && Number(sparsity) < 1)) return `sparsity ${String(sparsity)} is not between 0 and 1`
  const [finding] = [...stepFindings({ prune: [step] }, viewModel(config))]
  return finding ? `pattern ${pattern}: ${finding.message}` : null
}
