// The end of retraining: folds adapters in, checks masks and saves every changed tensor, a block at a time.
import { readF32, readWide, type Backend } from '../../compute/backend.ts'
import { rows, type Tensor } from '../../compute/tensor.ts'
import { EngineError } from '../../errors.ts'
import { breathe } from '../../breathe.ts'
import { loadBlock, releaseBlock } from '../../model/block.ts'
import { headPart, loadEnds, releaseEnds, type Ends } from '../../model/ends.ts'
import type { Model } from '../../model/model.ts'
import { rangesOf } from '../../model/module.ts'
import { encode, readValues, storedDType } from '../../model/weights.ts'
import type { StoredMasks } from '../../checkpoint/storedMask.ts'
import type { Mask } from '../../prune/mask.ts'
import { Arena } from '../../compute/arena.ts'
import { sumMovement } from '../../recover/movement.ts'
import { mergeInto } from '../../recover/reconstructBlock.ts'
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import type { Movement } from '../../../runs/series/events.ts'
import { changedNames, type TrainableSet } from '../../../plan/trainable.ts'
import type { Trainables } from '../../recover/trainables.ts'
import { savePart, type StoredStage } from '../state/blockStore.ts'
import type { RunSession } from '../state/session.ts'
import { movesInto, recordMoves } from './trainingSteps.ts'
import { checkFinite, storedParameter } from '../state/storedBlock.ts'
import { bytesOf, type StateTensor } from '../state/tensorFile.ts'

/** Saves the trained blocks and ends under `stage`, and how far they moved. @throws EngineError 'mask-broken' or 'numeric'. */
export async function mergeTrained(
  session: RunSession,
  recovery: PlannedRecovery,
  base: Model,
  set: TrainableSet,
  trainables: Trainables,
  masks: StoredMasks,
  stage: StoredStage,
): Promise<void> {
  const { backend, folder, signal } = session
  const changed = new Set(changedNames(set))
  for (let index = 0; index < base.config.numBlocks; index++) {
    await breathe(signal)
    const block = await loadBlock(backend, base, index, { as: 'f32' })
    try {
      const moved: Record<string, Movement> = {}
      await mergeInto(backend, block, trainables, movesInto(session, moved))
      const own = new Map<string, Mask>()
      for (const { name } of block.linears) {
        const mask = await masks.get(name)?.read()
        if (mask) own.set(name, mask)
      }
      const tensors: StateTensor[] = []
      for (const [name, tensor] of block.params)
        if (changed.has(name)) tensors.push(storedParameter(backend, base, name, tensor, own, 'training'))
      await savePart(folder.state, stage, index, tensors, own)
      recordMoves(session, recovery, index, moved)
    } finally {
      releaseBlock(backend, block)
    }
  }
  const moved: Record<string, Movement> = {}
  const ends = await endTensors(session, base, trainables, moved)
  await savePart(folder.state, stage, 'ends', ends, new Map())
  recordMoves(session, recovery, null, moved)
}

/** Trained parameters outside the blocks, and the head with its update. */
async function endTensors(
  { backend }: RunSession,
  base: Model,
  trainables: Trainables,
  moved: Record<string, Movement>,
): Promise<StateTensor[]> {
  const ends = await loadEnds(backend, base, { as: 'stored', overrides: trainables.overrides })
  try {
    const tensors: StateTensor[] = []
    for (const name of ends.params.keys()) {
      const value = trainables.parameters.param(name)
      if (!value) continue
      moved[name] = await movementOfEnd(backend, base, name, value)
      tensors.push(storedParameter(backend, base, name, value, new Map(), 'training'))
    }
    const head = await mergedHead(base, ends, trainables, backend, moved)
    return head ? [...tensors.filter(({ name }) => name !== head.name), head] : tensors
  } finally {
    releaseEnds(backend, ends)
  }
}

/** How far a parameter outside the blocks moved. Its old values are read from the base some rows at a time, since a table is large. */
async function movementOfEnd(backend: Backend, base: Model, name: string, value: Tensor): Promise<Movement> {
  const sum = sumMovement(value.shape, storedDType(base, name))
  const isWhole = base.parameters.get(name)?.transposed || value.shape.length === 1
  for (const range of rangesOf(value.shape[0], isWhole ? value.shape[0] : headRows)) {
    const before = await readValues(base, name, range)
    sum.add(range.start, before, await readF32(backend, rows(value, range.start, range.end)))
  }
  return sum.result()
}

/** Rows of the head that are merged at once, a part of a chunk: a head may be larger than a device's largest buffer. */
const headRows = 4096

/** The merged head under its own name, which a tied checkpoint lacks; null when the head has no adapter. */
async function mergedHead(
  base: Model,
  { head, config }: Ends,
  trainables: Trainables,
  backend: Backend,
  moved: Record<string, Movement>,
): Promise<StateTensor | null> {
  if (!trainables.adapterOf(head)) return null
  const entry = base.checkpoint.tensors.get(head.table.name)
  const dtype = entry?.dtype
  if (!entry || (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16' && dtype !== 'F64'))
    throw new EngineError('internal', `${head.table.name} has no type to store a head in`)
  const chunks: Uint8Array[] = []
  const sum = sumMovement(entry.shape, storedDType(base, head.table.name))
  for (const range of rangesOf(config.vocabSize, headRows)) {
    using arena = new Arena(backend)
    const part = headPart(head, range)
    const merged = arena.allocate(part.weight.shape)
    trainables.merge(part, merged, range)
    const values = await readF32(backend, merged)
    sum.add(range.start, await readWide(backend, part.weight), values)
    chunks.push(encode(values, dtype))
  }
  moved[`${head.name}.weight`] = sum.result()
  const [name, bytes] = [`${head.name}.weight`, bytesOf(Buffer.concat(chunks))]
  checkFinite(name, bytes, dtype, 'training')
  return { name, dtype, shape: entry.shape, bytes }
}
