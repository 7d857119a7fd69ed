// Handlers that no window needs to show a checkpoint. They are a separate chunk of the bundle (`splitting` in scripts/buildTargets.mjs),
// which is loaded with the first call to one of them.
import { isTraining } from '../recipe/modes.ts'
import { trainBudgets } from '../plan/trainable.ts'
import { fieldAt } from '../recipe/settings/fields.ts'
import { dirname, resolve } from 'node:path'
import { wholeOf } from '../engine/checkpoint/inspection.ts'
import { compareCheckpoints, type CompareCheckpointsOptions } from '../engine/checkpoint/stats/compareCheckpoints.ts'
import type { CompareProgress, CompareSummary, TensorChange } from '../protocol/inspect.ts'
import type { OpenModel } from './openModels.ts'
import type { ParamsOf } from '../protocol/parameters.ts'
import { openCheckpoint } from '../engine/checkpoint/checkpoint.ts'
import { locate } from '../engine/checkpoint/locate.ts'
import { readChatTemplate } from '../engine/text/chatTemplate.ts'
import { ggufSizes, writeGguf } from '../engine/convert/writeGguf.ts'
import { type Model, openModel } from '../engine/model/model.ts'
import type { PullProgress, ResultOf } from '../protocol/rpc.ts'
import type { CallContext } from './channel.ts'
import { wholeModel } from './summary.ts'
import { modelPath, parseHubName } from '../engine/checkpoint/hubCache.ts'
import { hubAccess } from '../engine/hub/hubAccess.ts'
import { pull } from '../engine/hub/pull.ts'
import { EngineError } from '../engine/errors.ts'
import { lintText } from '../engine/facts/recipeFacts.ts'
import { planRecipe } from '../plan/planRecipe.ts'
import type { PlannedText } from '../plan/planSummary.ts'

export { trainedBy } from './origin.ts'
export { listAdapters } from '../engine/compute/webgpu/survey.ts'
export { writeModelCard } from '../engine/run/origin/modelCard.ts'
export { probeDevice } from './device.ts'
export { measurableOf } from './measurable.ts'

interface CompareContext {
  readonly signal: AbortSignal
  readonly progress: (progress: CompareProgress) => void
}

/** Whether each model has a valid chat template; false for a model that is not found. */
export function haveChatTemplates(models: readonly string[]): Promise<boolean[]> {
  const hasOne = async (path: string) => (await readChatTemplate((await locate(path)).folder)) !== null
  return Promise.all(models.map((path) => hasOne(path).catch(() => false)))
}

const everyMs = 100

/** Sends the list of tensors to compare, then the changes, several tensors in a message. */
export function compareModels(
  a: OpenModel,
  b: OpenModel,
  { signal, progress }: CompareContext,
): Promise<CompareSummary> {
  return compareCheckpoints(wholeOf(a), wholeOf(b), { signal, ...inBatches(progress) })
}

/** Callbacks for `compareCheckpoints` that report at most ten times a second, and at the end. */
function inBatches(
  report: (progress: CompareProgress) => void,
): Required<Pick<CompareCheckpointsOptions, 'onStart' | 'onTensor'>> {
  let changes: TensorChange[] = []
  let last = -Infinity
  return {
    onStart: (tensors) => report({ tensors, changes: [], done: 0, total: tensors.length }),
    onTensor(done, total, change) {
      if (change) changes.push(change)
      if (done < total && performance.now() - last < everyMs) return
      last = performance.now()
      report({ changes, done, total })
      changes = []
    },
  }
}

/** Downloads a model of the Hub. */
export async function pullModel(name: string, { signal, progress }: CallContext<'pull'>): Promise<{ folder: string }> {
  const onProgress = seldom(progress)
  const access = await hubAccess()
  const { folder } = await pull(parseHubName(name), { access, signal, onProgress })
  return { folder }
}

/** Reports a few times a second, and at the end. */
function seldom(tell: (progress: PullProgress) => void): (have: number, total: number) => void {
  let last = -Infinity
  return (have, total) => {
    const now = performance.now()
    if (now - last < 2 * everyMs && have < total) return
    last = now
    tell({ have, total })
  }
}

/** "Export to GGUF…": the size of the file in each type. */
export function sizesAsGguf({ path }: { path: string }, { signal }: CallContext<'ggufSizes'>) {
  return withModel(path, (model) => ggufSizes(model, signal))
}

export function writeAsGguf(
  { path, to, type, replaces }: ParamsOf<'writeGguf'>,
  { signal, progress }: CallContext<'writeGguf'>,
): Promise<ResultOf<'writeGguf'>> {
  return withModel(path, async (model) => {
    const { bytes, warnings } = await writeGguf(model, to, { type, replaces, signal, onProgress: seldom(progress) })
    return { bytes, warnings }
  })
}

async function withModel<T>(path: string, work: (model: Model) => Promise<T>): Promise<T> {
  const checkpoint = await openCheckpoint(await wholeModel(path))
  try {
    return await work(openModel(checkpoint))
  } finally {
    await checkpoint.close()
  }
}

/** The plan of a recipe that is being written, with absolute paths. `gpu`: whether there is a GPU; null: not known yet. */
export async function planText({ recipe, text }: ParamsOf<'plan'>, gpu: boolean | null): Promise<PlannedText> {
  const folder = dirname(recipe)
  const { context, facts, findings } = await lintText(text, { folder, gpu })
  if (!facts) {
    const first = findings.find((f) => f.severity === 'error')
    throw new EngineError('bad-recipe', first ? first.message : 'This is not a SparseScope recipe.')
  }
  const plan = planRecipe(recipe, context.resolved, facts, findings)
  const at = (path: string) => resolve(folder, path)
  const problems = findings.flatMap(({ severity, message, path }) =>
    severity === 'error' || severity === 'warning' ? [{ severity, message, field: fieldAt(path) }] : [],
  )
  const saveTo = plan.saveTo === null ? null : at(plan.saveTo)
  const config = facts.model?.modelConfig
  const pruned = plan.rows.reduce((sum, { parameters, sparsity }) => sum + Math.round(parameters * sparsity), 0)
  const budgets = context.resolved.recover.map(({ mode }) =>
    config && isTraining(mode) ? trainBudgets(config, mode, pruned) : [],
  )
  return { ...plan, budgets, model: modelPath(folder, plan.model), saveTo, problems }
}
