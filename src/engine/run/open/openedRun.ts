// An open run: its folder, model, plan and device. startRun.ts makes a new one, resumeRun.ts resumes one.
import type { ResolvedRecipe } from '../../../recipe/resolve.ts'
import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import type { Backend } from '../../compute/backend.ts'
import type { Model } from '../../model/model.ts'
import { computeIn } from '../../model/computeIn.ts'
import { defaultPrecision, type PrecisionChoice } from '../../../recipe/modes.ts'
import type { RunProgress } from '../state/progress.ts'
import type { RunFolder } from '../../../runs/folder/runFolder.ts'
import type { RunLock } from '../../../runs/lock/lock.ts'
import type { RunPlan } from '../../../plan/runPlan.ts'
import { requireUnchanged, sourceFiles } from '../state/sources.ts'
import type { CheckedRecipe } from './checkRecipe.ts'
import { formatBytes } from '../../../formatting/numbers.ts'
import { sizeOf } from '../../../plan/trainable.ts'
import { EngineError } from '../../errors.ts'

export interface OpenedRun {
  readonly folder: RunFolder
  /** All paths absolute. */
  readonly recipe: ResolvedRecipe
  readonly source: Checkpoint
  readonly model: Model
  readonly plan: RunPlan
  readonly backend: Backend
  readonly progress: RunProgress
  readonly resumed: boolean
  /** @throws EngineError 'bad-data' when a file that goes into the result is not what it was when the run began. */
  readonly checkSources: () => Promise<void>
  /** The lock is taken before anything of the run is read; the caller that opens the run gives it back. */
  readonly lock: RunLock
}

export interface OpenRequest {
  readonly settings: readonly string[]
  readonly openBackend: () => Promise<Backend>
  /** Precision for a recipe that leaves it to the device; default: auto. */
  readonly precision?: PrecisionChoice
  readonly signal?: AbortSignal
  /** Called when the run's folder belongs to another process that seems to be dead, and taking it over takes a while. */
  readonly onWait?: (message: string) => void
}

/** The device that the recipe's model is computed on. The caller closes it. @throws EngineError 'unsupported'. */
export async function openDevice(
  { recipe, model, plan }: CheckedRecipe,
  { openBackend, precision }: OpenRequest,
): Promise<Backend> {
  const asked = recipe.precision === defaultPrecision ? precision : recipe.precision
  const backend = computeIn(await openBackend(), model, asked ?? defaultPrecision)
  checkTrained(backend, plan)
  return backend
}

/** Checks whether the files that the run reads are unchanged, and records it in `progress`. */
export function sourceCheck(
  { recipe, source }: CheckedRecipe,
  progress: RunProgress,
  signal?: AbortSignal,
): () => Promise<void> {
  return async () => {
    progress.sources = await requireUnchanged(await sourceFiles(recipe, source), progress.sources, signal)
  }
}

/**
 * A parameter that is trained itself is one tensor of f32 values, and so is its gradient. A parameter that is too large for
 * the device is refused now, since pruning may take hours before training begins.
 * @throws EngineError 'unsupported' where that is larger than the device's largest.
 */
function checkTrained(
  { traits: { mostTensorBytes = Infinity }, info }: Pick<Backend, 'traits' | 'info'>,
  { recoveries }: Pick<RunPlan, 'recoveries'>,
): void {
  for (const { trainable, settings, place } of recoveries) {
    const large = trainable?.direct.find(({ shape }) => 4 * sizeOf(shape) > mostTensorBytes)
    if (!large) continue
    const subset = settings.train.includes('full') ? 'full' : 'embedding'
    throw new EngineError(
      'unsupported',
      `${place}.train: ${subset} trains ${large.name} in a buffer of ${formatBytes(4 * sizeOf(large.shape))}, and the limit of ${info.description} is ${formatBytes(mostTensorBytes)}: leave ${subset} out, or use --device cpu`,
    )
  }
}
