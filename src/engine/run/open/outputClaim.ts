// Checks the places of the outputs before any work: they can be written, they have room, and nothing is there yet.
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Output, outputBytes, type OutputKind, outputsOf, stateBytes } from '../../../plan/outputs.ts'
import { bytesToCarryOver } from '../../checkpoint/carryOver.ts'
import { requireSpace, refuseBothInOne, refuseInside, refuseOverlap } from '../../checkpoint/outputPlace.ts'
import { requireWritable } from '../../../system/makeFolders.ts'
import {
  makePartial,
  newPartialId,
  partialPath,
  refuseExisting,
  removePartial,
} from '../../checkpoint/partialFolder.ts'
import { outputProgress } from '../state/progress.ts'
import { bytesOfState } from '../state/blockStore.ts'
import type { OpenedRun, RunSession } from '../state/session.ts'

type PlannedOutput = Pick<OpenedRun, 'recipe' | 'model' | 'plan'>

/** Checks the outputs before a run writes anything. `state`: path of its state folder. @throws EngineError 'usage', 'exists' or 'disk'. */
export async function checkOutput(planned: PlannedOutput, state: string): Promise<void> {
  const outputs = outputsOf(planned.recipe)
  await refusePlaces(planned, outputs)
  await requireSpace(await needs(planned, outputs, state))
  for (const { to } of outputs) await requireWritable(dirname(to), to)
  for (const { out } of planned.recipe.evaluate) if (out !== undefined) await requireWritable(out)
}

async function refusePlaces({ model, recipe }: PlannedOutput, outputs: readonly Output[]): Promise<void> {
  for (const { out } of recipe.evaluate) {
    if (out === undefined) continue
    await refuseInside(out, model.checkpoint.folder, 'it is of the model, which is never changed')
    for (const { to } of outputs) await refuseInside(out, to, 'it is of what the run saves, which must be new')
  }
  for (const { to } of outputs) {
    await refuseOverlap(to, model.checkpoint.folder)
    await refuseExisting(to)
  }
  for (const [i, { to }] of outputs.entries())
    for (const other of outputs.slice(i + 1)) await refuseBothInOne(to, other.to)
}

type BegunOutput = PlannedOutput & Pick<OpenedRun, 'progress'>

/** Outputs of a run that was begun before and are not there yet. */
function outputsLeft(begun: BegunOutput): Output[] {
  return outputsOf(begun.recipe).filter(({ kind, to }) => {
    const { partial, saved } = outputProgress(begun.progress, kind)
    if (saved !== null) return false
    const before = partial === null ? null : partialPath(to, partial)
    // If a run was killed between renaming an output and recording it, only the finished output shows that; saving checks the output.
    // The temporary folder of a GGUF file is removed after the rename, so it may still exist. A cancelled run removes its temporary
    // folders too, so an output that was not due yet belongs to someone else.
    const isGone = kind === 'gguf' || (before !== null && !existsSync(before))
    return !(before !== null && isGone && isDue(begun, kind) && existsSync(to))
  })
}

/** Whether everything that precedes the saving of an output is recorded as done. */
function isDue({ progress, plan, model }: BegunOutput, kind: OutputKind): boolean {
  const { saved, finishedBlocks, recoveredPasses } = progress
  const { whilePruning, later } = plan.passes
  if (kind === 'gguf') return saved !== null
  // A separate pass then makes the model before recovery, before the first block of the result.
  if (kind === 'pruned' && whilePruning.length > 0) return finishedBlocks === 0
  const isPruned = plan.entries.length === 0 || finishedBlocks === model.config.numBlocks
  return isPruned && (kind === 'pruned' || recoveredPasses === later.length)
}

/** Before a run is resumed. @throws EngineError 'usage' or 'exists' for the place of an output that it has not saved. */
export async function checkOutputsLeft(begun: BegunOutput): Promise<void> {
  const left = outputsLeft(begun)
  const result = left.find(({ kind }) => kind === 'result')
  if (result) await refuseExisting(result.to, 'remove it first, or resume with --set save.to=ANOTHER_FOLDER')
  await refusePlaces(begun, left)
}

/**
 * Makes the temporary folders of the outputs. Each is recorded first, so that a killed run leaves no unrecorded folder.
 * Folders that an earlier session of this run made are removed. Space is checked, not reserved: another process may take it.
 */
export async function claimOutput(session: RunSession): Promise<void> {
  const { progress, folder } = session
  const left = outputsLeft(session)
  for (const { kind, to } of left) {
    const { partial } = outputProgress(progress, kind)
    if (partial !== null) await removePartial(partialPath(to, partial))
  }
  await refusePlaces(session, left)
  await requireSpace(await needs(session, left, folder.state))
  if (left.length === 0) return
  for (const { kind } of left) outputProgress(progress, kind).partial = newPartialId()
  await session.milestone()
  for (const { kind, to } of left) await makePartial(to, outputProgress(progress, kind).partial ?? undefined)
}

/** Removes partial outputs of a run that was cut short. */
export async function releaseOutput({ recipe, progress }: RunSession): Promise<void> {
  for (const { kind, to } of outputsOf(recipe)) {
    const { partial, saved } = outputProgress(progress, kind)
    if (partial !== null && saved === null) await removePartial(partialPath(to, partial))
  }
}

const names: Readonly<Record<OutputKind, string>> = {
  result: 'the result',
  pruned: 'the pruned model',
  gguf: 'the GGUF file',
}

async function needs(planned: PlannedOutput, outputs: readonly Output[], state: string) {
  const left = Math.max(0, stateSize(planned) - (await bytesOfState(state)))
  const written = outputs.map(async ({ kind, to }) => {
    return { folder: dirname(to), bytes: await outputSize(planned, kind), what: names[kind] }
  })
  return [
    ...(await Promise.all(written)),
    { folder: state, bytes: left, what: 'the state that a killed run resumes from' },
  ]
}

/** Allowance in bytes for what is small beside the weights: headers, records, file system overhead. */
const smallBytes = 2 ** 18
/** Bytes for names and numbers of a tensor in headers, index and note. */
const bytesOfMention = 2 ** 9

async function outputSize({ recipe, model, plan }: PlannedOutput, kind: OutputKind): Promise<number> {
  const { tensors, folder } = model.checkpoint
  const mentions = bytesOfMention * tensors.size + smallBytes
  return (
    outputBytes({ config: model.config, tensors }, plan, recipe.save?.type, kind) +
    // A GGUF file has the tokenizer in it.
    (await bytesToCarryOver(folder)) +
    mentions
  )
}

function stateSize({ recipe, model, plan }: PlannedOutput): number {
  const { tensors } = model.checkpoint
  return stateBytes(recipe, { config: model.config, tensors }, plan) + bytesOfMention * tensors.size + smallBytes
}
