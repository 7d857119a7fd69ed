// The place of the result, made sure before any work goes into it: it can be written, it has room, and it is nobody else's.
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { resultBytes, stateBytes } from '../../../shared/plan/disk.ts'
import type { RunPlan } from '../../../shared/plan/runPlan.ts'
import type { ResolvedRecipe } from '../../../shared/recipe/resolve.ts'
import { requireSpace } from '../../checkpoint/diskSpace.ts'
import { requireWritable } from '../../checkpoint/makeFolders.ts'
import { refuseOverlap } from '../../checkpoint/outputPlace.ts'
import {
  makePartial,
  newPartialId,
  partialPath,
  refuseExisting,
  removePartial,
} from '../../checkpoint/partialFolder.ts'
import type { Model } from '../../model/model.ts'
import type { RunSession } from '../state/session.ts'

export interface PlannedOutput {
  readonly recipe: ResolvedRecipe
  readonly model: Model
  readonly plan: RunPlan
}

/** Before anything of a run is made. `state`: where its state will lie. @throws EngineError 'usage', 'exists' or 'disk'. */
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
 * What an earlier session of this run made goes.
 */
export async function claimOutput(session: RunSession, plan: RunPlan): Promise<void> {
  const { recipe, progress, model, folder } = session
  const { save } = recipe
  if (!save || progress.saved !== null) return
  const before = progress.partial === null ? null : partialPath(save.to, progress.partial)
  // Killed between the rename and the note of it: only the finished result can tell, and saving looks at it.
  if (before !== null && !existsSync(before) && existsSync(save.to)) return
  if (before !== null) await removePartial(before)
  await refuseOverlap(save.to, model.checkpoint.folder)
  await refuseExisting(save.to)
  await requireSpace(await needs({ recipe, model, plan }, folder.state))
  progress.partial = newPartialId()
  await session.milestone()
  await makePartial(save.to, progress.partial)
}

/** After a run that did not come to its end. */
export async function releaseOutput({ recipe, progress }: RunSession): Promise<void> {
  if (!recipe.save || progress.partial === null || progress.saved !== null) return
  await removePartial(partialPath(recipe.save.to, progress.partial))
}

async function needs(planned: PlannedOutput, state: string) {
  const { recipe, model, plan } = planned
  const stored = { config: model.config, tensors: model.checkpoint.tensors }
  const left = Math.max(0, stateBytes(recipe, stored, plan) - (await bytesIn(state)))
  const result = recipe.save
    ? [{ folder: dirname(recipe.save.to), bytes: resultBytes(stored, plan), what: 'the result' }]
    : []
  return [...result, { folder: state, bytes: left, what: 'what a killed run goes on from' }]
}

/** Of the files in a folder; 0 when there is none yet. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(folder, name)).catch(() => null))?.size ?? 0),
  )
  return sizes.reduce((a, b) => a + b, 0)
}
