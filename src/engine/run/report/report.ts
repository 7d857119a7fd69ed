// report.json: what a run did, on what, and what came out (also the JSON of `sparsescope run`).
import { certificatesOf, sumOfCertificates, type MatrixCertificate } from '../../../plan/certificate.ts'
import type { ChosenAllocation } from '../../../runs/series/events.ts'
import type { Stage } from '../../../catalog/stages.ts'
import { chosenText } from '../../../runs/series/eventLine.ts'
import { triedWindows } from '../../../recipe/defaults.ts'
import { writtenRecipe, type ResolvedRecipe, type WrittenRecipe } from '../../../recipe/resolve.ts'
import { protocolOf } from '../origin/protocol.ts'
import { cutOfAll, cutText, recoveryReport, type RecoveryReport } from '../../../runs/series/recoveries.ts'
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import { perplexitiesOf, resultsOfTexts, type TextResults } from '../../../runs/series/texts.ts'
import { meanAccuracies, undecided, type MeanAccuracy } from '../../../runs/series/accuracies.ts'
import type { BlockResult, EvaluationResult, RunDevice, RunProgress } from '../state/progress.ts'

export type RunStatus = 'done' | 'failed' | 'cancelled'

export interface RunReport {
  status: RunStatus
  /** Why the run failed or was cancelled; null when it is done. */
  message: string | null
  /** The run folder. */
  run: string
  recipe: WrittenRecipe
  versions: { sparsescope: string; node: string; platform: string }
  device: RunDevice
  /** How the numbers were measured, in sentences: context lengths, windows, calibration set, seed. */
  protocol: string[]
  /** Perplexities by the recipe's first entry of `evaluate` that measures one. */
  perplexity: Partial<Record<Stage, number>>
  /** Share of the perplexity gap that recovery closed, and its text: the second, if there are two. */
  won_back: TextResults['wonBack']
  /** Mean of `acc` over the zero-shot tasks, unweighted as PERP and Wanda report it, with its standard error. */
  accuracy: Partial<Record<Stage, MeanAccuracy>>
  evaluations: EvaluationResult[]
  /** Zeros among the weights of the block linears, by the masks; null when the run ended before they were known. */
  sparsity: number | null
  /** The certificate of the masks that the run chose, before recovery; null where no Hessians of their inputs were available. */
  certificate: MatrixCertificate | null
  /** `percent`: of all base parameters, counted as in docs/methods.md, "What is trained". For several recoveries, the largest. */
  trainable: { count: number; percent: number } | null
  recoveries: RecoveryReport[]
  /** Settings that the recipe left to the run, and the values that the run chose. */
  allocations: readonly ChosenAllocation[]
  /** By phase, and `total`. */
  seconds: Record<string, number>
  peak_memory_mb: number
  blocks: BlockResult[]
  warnings: string[]
  /** The folder that was written. */
  output: string | null
  /** The folder of the model before recovery, where the recipe has it saved. */
  pruned_output: string | null
  /** The result as a file for llama.cpp, where the recipe has it saved. */
  gguf_output: string | null
}

export interface ReportFacts {
  readonly run: string
  readonly recipe: ResolvedRecipe
  readonly version: string
  readonly status: RunStatus
  readonly message: string | null
  readonly sparsity: number | null
  readonly recoveries: readonly PlannedRecovery[]
}

export function createReport(facts: ReportFacts, progress: RunProgress): RunReport {
  const accuracy = meanAccuracies(progress.evaluations)
  const recoveries = facts.recoveries.map((one) => ({
    ...recoveryReport(one),
    ...mergedBy(one, progress),
    ...movedBy(one, progress),
  }))
  const { texts, wonBack } = resultsOfTexts(perplexitiesOf(progress.evaluations))
  return {
    status: facts.status,
    message: facts.message,
    run: facts.run,
    recipe: writtenRecipe(facts.recipe),
    versions: {
      sparsescope: facts.version,
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
    },
    device: progress.device,
    protocol: [
      ...protocolOf(facts.recipe),
      ...progress.chosen.map(chosenSentence),
      ...recoveries.flatMap(({ merged }) => (merged ? [cutText(merged.modules)] : [])),
      precisionSentence(progress.device),
      ...undecided(accuracy),
    ],
    perplexity: texts.at(0)?.perplexity ?? {},
    won_back: wonBack,
    accuracy,
    evaluations: progress.evaluations,
    sparsity: facts.sparsity,
    certificate: sumOfCertificates([...certificatesOf(progress.blocks).values()]),
    trainable: progress.trainable,
    recoveries,
    allocations: progress.chosen,
    seconds: { ...progress.seconds, total: progress.elapsedMs / 1000 },
    peak_memory_mb: progress.peakMemoryMb,
    blocks: progress.blocks,
    warnings: progress.warnings,
    output: progress.saved,
    pruned_output: progress.pruned.saved,
    gguf_output: progress.gguf.saved,
  }
}

function chosenSentence(chosen: ChosenAllocation): string {
  return `Tried on ${triedWindows} windows of the calibration text: ${chosenText(chosen)}.`
}

function mergedBy({ index }: PlannedRecovery, { merges }: RunProgress): Pick<RecoveryReport, 'merged'> {
  const own = merges.filter(({ recovery }) => recovery === index)
  if (own.length === 0) return {}
  const modules = Object.fromEntries(own.flatMap((one) => Object.entries(one.modules)))
  return { merged: { cut: cutOfAll(Object.values(modules)), modules } }
}

/** How far a recovery moved each tensor, by name in the checkpoint; empty if it moved none, or ran in an earlier version. */
function movedBy(
  { index }: Pick<PlannedRecovery, 'index'>,
  { moves }: Pick<RunProgress, 'moves'>,
): Pick<RecoveryReport, 'moved'> {
  const own = moves.filter(({ recovery }) => recovery === index)
  return own.length > 0 ? { moved: Object.assign({}, ...own.map(({ tensors }) => tensors)) } : {}
}

function precisionSentence({ details }: RunDevice): string {
  if (details.precision === 'bf16') return 'Products in bf16 with sums in f32; all else in f32 or f64.'
  return 'Everything in f32 or f64.'
}
