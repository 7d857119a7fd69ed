// The ways of pruning whose errors an analysis measures: methods at sparsities or patterns, the same for all matrices.
import { formatNm, parseNm } from '../format/nm.ts'
import type { ModelConfig } from '../families/modelConfig.ts'
import { blockLinears } from '../families/parameters.ts'
import type { MethodName } from '../methods/methods.ts'
import { PlanError } from '../plan/planError.ts'
import { checkEntries, pruneEntries, type PruneEntry } from '../plan/pruneEntries.ts'
import { resolvePruneStep } from '../recipe/resolve.ts'
import { unstructured } from '../recipe/schema.ts'

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

/** @throws PlanError for a pattern that is none, or does not divide the inputs of some matrix. */
export function candidatesOf(asked: Asked, config: ModelConfig): Candidate[] {
  const shapes = new Map(blockLinears(config).map(({ name, shape }) => [name, shape]))
  const linears = blockLinears(config).map(({ name, block }) => ({ name, block, className: 'Linear' }))
  const { methods = defaultMethods, patterns = [] } = asked
  const sparsities = asked.sparsities ?? (patterns.length > 0 ? [] : defaultSparsities)
  const amounts = [...sparsities.map((sparsity) => ({ sparsity })), ...patterns.map((pattern) => ({ pattern }))]
  return methods.flatMap((method) =>
    amounts.map((amount) => {
      const step = resolvePruneStep({ method, ...amount })
      const [entry] = pruneEntries([step], linears, config.numBlocks)
      checkEntries([entry], shapes)
      const nm = parseNm(step.pattern)
      if (!nm && step.pattern !== unstructured)
        throw new PlanError(`pattern ${step.pattern} is none: write N:M, such as 2:4, for N zeros in every M inputs`)
      const sparsity = nm ? nm.n / nm.m : Number(step.sparsity)
      return { method, sparsity, pattern: nm ? formatNm(nm) : step.pattern, entry }
    }),
  )
}
