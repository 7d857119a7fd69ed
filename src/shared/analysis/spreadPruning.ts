// Spreading the sparsity of a recipe over the blocks, by errors that were measured or by an allocation of the run's own: the
// change of its text that says so. The rest of the text stays as it is.
import { allocateByError, type ErrorCurve } from './allocateByError.ts'
import type { AllocateBy } from '../allocations/allocateBy.ts'
import { defaultAllocation, isMeasured } from '../allocations/allocations.ts'
import { parseNm } from '../format/nm.ts'
import { applyEdits, insertKey, numberText, remove, replaceValue, scalarText } from '../recipe/edits.ts'
import { readDocument } from '../recipe/document.ts'
import { selectModules, type Module } from '../recipe/match.ts'
import { parseRecipe } from '../lint/parse.ts'
import { resolvePruneStep, sparsityOfBlock, type ResolvedPruneStep } from '../recipe/resolve.ts'

export type Spreading =
  | { readonly text: string; readonly problem?: undefined }
  /** Why this recipe cannot say that; `unmeasured`: the method whose errors nobody has measured at two sparsities. */
  | { readonly problem: string; readonly unmeasured?: string }

export interface SpreadModule extends Module {
  readonly block: number
  /** Weights. */
  readonly parameters: number
}

/** Loss that a method costs the blocks of these modules, in their order; null where that was not measured. */
export type CurvesOf = (modules: readonly SpreadModule[], method: string) => readonly ErrorCurve[] | null

/** `modules`: all linears of the blocks. Every entry keeps the mean sparsity that it has. */
export function spreadPruning(
  text: string,
  modules: readonly SpreadModule[],
  numBlocks: number,
  spread: AllocateBy,
  curvesOf: CurvesOf,
): Spreading {
  const steps = (parseRecipe(text).recipe?.prune ?? []).map(resolvePruneStep)
  if (steps.length === 0) return { problem: 'this recipe prunes nothing: give it an entry under `prune` first' }
  let document = readDocument(text)
  for (const [i, step] of steps.entries()) {
    const refusal = refuses(step)
    if (refusal !== null) return { problem: `prune.${i}: ${refusal}` }
    const own = selectModules(modules, step.targets, step.ignore)
    if (own.length === 0) return { problem: `prune.${i}: its targets match no matrix of this model` }
    const mean = meanSparsity(step, own, numBlocks)
    if (spread === 'error') {
      const curves = curvesOf(own, step.method)
      if (!curves) return { problem: `what ${step.method} costs each block has not been measured yet`, unmeasured: step.method } // prettier-ignore
      setKey(i, 'sparsity', listText(own, allocateByError(curves, mean), mean, numBlocks))
      dropKey(i, 'allocation')
      dropKey(i, step.allocation)
    } else {
      setKey(i, 'sparsity', numberText(mean))
      setKey(i, 'allocation', scalarText(spread))
    }
  }
  return { text: document.text }

  function setKey(entry: number, key: string, value: string): void {
    const path = ['prune', entry, key]
    const edits = document.nodeAt(path)
      ? replaceValue(document, path, value)
      : insertKey(document, ['prune', entry], key, value)
    document = readDocument(applyEdits(document, edits))
  }

  function dropKey(entry: number, key: string): void {
    const path = ['prune', entry, key]
    if (document.nodeAt(path)) document = readDocument(applyEdits(document, remove(document, path)))
  }
}

/** Why an entry has no sparsity that could be spread; null: it has. */
function refuses({ pattern, scope }: ResolvedPruneStep): string | null {
  if (parseNm(pattern)) return `its pattern ${pattern} fixes how many go in every block`
  return scope === 'global' ? 'its scope global lets the blocks compete already; remove it first' : null
}

/** Over the weights of its matrices. */
function meanSparsity({ sparsity }: ResolvedPruneStep, own: readonly SpreadModule[], numBlocks: number): number {
  const weights = own.reduce((sum, { parameters }) => sum + parameters, 0)
  const zeros = own.reduce((sum, { block, parameters }) => sum + parameters * sparsityOfBlock(sparsity, block, numBlocks), 0) // prettier-ignore
  return Math.round((1e4 * zeros) / weights) / 1e4
}

/** One sparsity for each block of the model; those without a matrix of this entry show the mean, which nothing reads. */
function listText(
  own: readonly SpreadModule[],
  sparsities: readonly number[],
  mean: number,
  numBlocks: number,
): string {
  const blocks = [...new Set(own.map(({ block }) => block))].sort((a, b) => a - b)
  const list = Array.from({ length: numBlocks }, (_, block) => {
    const at = blocks.indexOf(block)
    return at < 0 ? mean : sparsities[at]
  })
  return `[${list.map((sparsity) => sparsity.toFixed(4)).join(', ')}]`
}

/** The step leaves the spreading to what is measured when it runs: until then each block shows the mean. */
export function spreadsLater({ allocation = defaultAllocation }: Partial<ResolvedPruneStep>): boolean {
  return isMeasured(allocation)
}
