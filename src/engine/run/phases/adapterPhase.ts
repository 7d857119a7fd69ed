// Merges an adapter that was trained elsewhere into the run's current model, one block at a time. Masks are checked in the bytes that
// are saved. A killed run continues with the next block.
import { breathe } from '../../breathe.ts'
import type { MergedUpdate, Movement } from '../../../runs/series/events.ts'
import type { LowRankUpdate, TakenParameter } from '../../../plan/adapterLayout.ts'
import { moduleOfWeight, type Parameter } from '../../../catalog/families/parameters.ts'
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import { readF32Tensor } from '../../checkpoint/createCheckpoint.ts'
import type { StoredMasks } from '../../checkpoint/storedMask.ts'
import { EngineError } from '../../errors.ts'
import { openModel, type Model } from '../../model/model.ts'
import { readValues, storedDType } from '../../model/weights.ts'
import { mergeUpdate } from '../../recover/mergeUpdate.ts'
import { openMerged, type MergedAdapter } from '../open/givenAdapters.ts'
import { sumMovement } from '../../recover/movement.ts'
import { savePart, type Part, type StoredStage } from '../state/blockStore.ts'
import { storedValues } from '../state/storedBlock.ts'
import type { StateTensor } from '../state/tensorFile.ts'
import { withRunModel, type RunContext } from './runContext.ts'
import { numberOf, recordMoves } from './trainingSteps.ts'

/** Does what is left of the merge, and saves the merged model under `stage`. @throws EngineError 'numeric' or 'mask-broken'. */
export function runAdapterPhase(
  context: RunContext,
  masks: StoredMasks,
  recovery: PlannedRecovery,
  stage: StoredStage,
): Promise<void> {
  return withRunModel(context, async (base) => {
    const model = openModel(base)
    const adapter = await openMerged(recovery.settings, model)
    try {
      await mergeAll({ context, model, adapter, masks, recovery, stage })
    } finally {
      await adapter.file.close()
    }
  })
}

interface Merging {
  readonly context: RunContext
  readonly model: Model
  readonly adapter: MergedAdapter
  readonly masks: StoredMasks
  readonly recovery: PlannedRecovery
  readonly stage: StoredStage
}

async function mergeAll(merging: Merging): Promise<void> {
  const { session } = merging.context
  const { progress } = session
  const { numBlocks } = merging.model.config
  for (let block = progress.walkedBlocks; block < numBlocks; block++) {
    await breathe(session.signal)
    await session.pausePoint?.()
    await mergePart(merging, block)
    progress.walkedBlocks = block + 1
    session.advance(block + 1, numBlocks, 'blocks')
    await session.milestone()
  }
  await mergePart(merging, 'ends')
}

async function mergePart(merging: Merging, part: Part): Promise<void> {
  const { context, adapter, stage, recovery } = merging
  const { session } = context
  const block = part === 'ends' ? null : part
  const isHere = ({ parameter }: { readonly parameter: Parameter }) => parameter.block === block
  const modules: Record<string, MergedUpdate> = {}
  const moved: Record<string, Movement> = {}
  const tensors = [
    ...adapter.layout.updates.filter(isHere).map((update) => mergedTensor(merging, update, modules, moved)),
    ...adapter.layout.taken.filter(isHere).map((one) => takenTensor(merging, one, moved)),
  ]
  await savePart(session.folder.state, stage, part, tensors, new Map())
  recordMoves(session, recovery, block, moved)
  if (Object.keys(modules).length === 0) return
  session.progress.merges.push({ recovery: recovery.index, modules })
  session.log.emit({ type: 'merge', ...numberOf(session, recovery), block, modules })
}

/** A merged tensor. It is computed only when it is written, which also adds its norms to `modules` and `moved`. */
function mergedTensor(
  { context, model, adapter, masks }: Merging,
  update: LowRankUpdate,
  modules: Record<string, MergedUpdate>,
  moved: Record<string, Movement>,
): StateTensor {
  const { backend, signal } = context.session
  const { parameter, rank, scale, base } = update
  const module = moduleOfWeight(parameter.name)
  return storedValues(model, parameter.name, async () => {
    const before = await readValues(model, parameter.name)
    const weight = base === null ? before.slice() : await valuesOf(adapter, base)
    const mask = await masks.get(module)?.read()
    const factors = { a: await valuesOf(adapter, update.a), b: await valuesOf(adapter, update.b), rank, scale }
    const { all, cut } = await mergeUpdate(backend, weight, parameter.shape, factors, mask, signal)
    modules[module] = { norm: Math.sqrt(all), cut: all > 0 ? cut / all : 0 }
    moved[parameter.name] = movedIn(model, parameter, before, weight)
    return { values: weight, mask }
  })
}

function takenTensor(
  { model, adapter }: Merging,
  { parameter, tensor }: TakenParameter,
  moved: Record<string, Movement>,
): StateTensor {
  return storedValues(model, parameter.name, async () => {
    const values = await valuesOf(adapter, tensor)
    moved[parameter.name] = movedIn(model, parameter, await readValues(model, parameter.name), values)
    return { values }
  })
}

function movedIn(model: Model, { name, shape }: Parameter, before: Float32Array, after: Float32Array): Movement {
  const sum = sumMovement(shape, storedDType(model, name))
  sum.add(0, before, after)
  return sum.result()
}

async function valuesOf({ file }: MergedAdapter, tensor: string): Promise<Float32Array> {
  const found = await readF32Tensor(file, tensor)
  if (!found) throw new EngineError('internal', `${file.path}: ${tensor} was there when it was checked`)
  return found.values
}
