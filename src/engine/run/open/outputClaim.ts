// The place of the result, made sure before any work goes into it: it can be written, it has room, and it is nobody else's.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { resultBytes, stateBytes } from '../../../shared/plan/disk.ts'
import type { RunPlan } from '../../../shared/plan/runPlan.ts'
import type { ResolvedRecipe } from '../../../shared/recipe/resolve.ts'
import { bytesToCarryOver } from '../../checkpoint/carryOver.ts'
import { requireSpace } from '../../checkpoint/diskSpace.ts'
import { requireWritable } from '../../../system/makeFolders.ts'
import { refuseOverlap } from '../../checkpoint/outputPlace.ts'
import {
  makePartial,
  newPartialId,
  partialPath,
  refuseExisting,
  removePartial,
} from '../../checkpoint/partialFolder.ts'
import { setAside } from '../../checkpoint/setAside.ts'
import type { Model } from '../../model/model.ts'
import { setAsideForState } from '../state/room.ts'
import { bytesOfState, removeReserve, reserveFile } from '../state/runState.ts'
import type { RunSession } from '../state/session.ts'

export interface PlannedOutput {
  readonly recipe: ResolvedRecipe
  readonly model: Model
  readonly plan: RunPlan
}

/** Checks the output before anything of a run is made. `state`: place of its state. @throws EngineError 'usage', 'exists' or 'disk'. */
export async function checkOutput(planned: PlannedOutput, state: string): Promise<void> {
  const { recipe, model } = planned
  if (recipe.save) {
    await refuseOverlap(recipe.save.to, model.checkpoint.folder)
    await refuseExisting(recipe.save.to)
  }
  await requireSpace(await needs(planned, state))
  if (recipe.save) await requireWritable(dirname(recipe.save.to), recipe.save.to)
}

/**
 * Makes the folder that the result will take shape in, and notes it first: a killed run leaves none that is not noted.
 * A folder that an earlier session of this run made is removed. Then the disks set room aside for result and state,
 * where they can.
 */
export async function claimOutput(session: RunSession, plan: RunPlan): Promise<void> {
  const { recipe, progress, model, folder, room, signal } = session
  const { save } = recipe
  const before = save && progress.partial !== null ? partialPath(save.to, progress.partial) : null
  // Killed between the rename and the note of it: only the finished result can tell, and saving looks at it.
  const renamed = save && before !== null && !existsSync(before) && existsSync(save.to)
  const saves = save && progress.saved === null && !renamed ? save : undefined
  await removeReserve(folder.state)
  if (saves) {
    if (before !== null) await removePartial(before)
    await refuseOverlap(saves.to, model.checkpoint.folder)
    await refuseExisting(saves.to)
  }
  const planned = { recipe: { ...recipe, save: saves }, model, plan }
  await requireSpace(await needs(planned, folder.state))
  room.state = await setAsideForState(folder.state, stateSize(planned), signal)
  if (!saves) return
  progress.partial = newPartialId()
  await session.milestone()
  const partial = await makePartial(saves.to, progress.partial)
  const path = join(partial, reserveFile)
  room.result = await setAside({ path, bytes: await resultSize(planned), what: 'the result', signal })
}

/** Frees what was claimed when a run ends, however it does; the partial result of a run that was cut short goes too. */
export async function releaseOutput({ recipe, progress, room }: RunSession): Promise<void> {
  await room.result?.release()
  await room.state?.release()
  if (!recipe.save || progress.partial === null || progress.saved !== null) return
  await removePartial(partialPath(recipe.save.to, progress.partial))
}

async function needs(planned: PlannedOutput, state: string) {
  const left = Math.max(0, stateSize(planned) - (await bytesOfState(state)))
  const result = planned.recipe.save
    ? [{ folder: dirname(planned.recipe.save.to), bytes: await resultSize(planned), what: 'the result' }]
    : []
  return [...result, { folder: state, bytes: left, what: 'what a killed run goes on from' }]
}

/** Bytes for everything small beside the weights: headers, records, the file system's own. */
const smallBytes = 2 ** 18
/** Bytes for names and numbers of a tensor in headers, index and note. */
const bytesOfMention = 2 ** 9

async function resultSize({ recipe, model, plan }: PlannedOutput): Promise<number> {
  const { tensors, folder } = model.checkpoint
  const mentions = bytesOfMention * tensors.size + smallBytes
  return (
    resultBytes({ config: model.config, tensors }, plan, recipe.save?.format ?? 'dense') +
    (await bytesToCarryOver(folder)) +
    mentions
  )
}

function stateSize({ recipe, model, plan }: PlannedOutput): number {
  const { tensors } = model.checkpoint
  return stateBytes(recipe, { config: model.config, tensors }, plan) + bytesOfMention * tensors.size + smallBytes
}
