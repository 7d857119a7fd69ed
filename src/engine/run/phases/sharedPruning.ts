// The pruned model of runs that prune alike and recover only afterwards: one of them prunes,
// the others link its finished blocks. That is safe, since state files are never modified in place.
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pruningOf, prunesFirst } from '../../../plan/passes.ts'
import { makeOwnFolders } from '../../../system/ownFile.ts'
import { EngineError } from '../../errors.ts'
import { sameFile, temporaryBeside, writeAtomic } from '../../../system/atomicFile.ts'
import { partPath } from '../state/blockStore.ts'
import { keyOfWork, madeOnce, readMade } from '../../../runs/sharedWork.ts'
import { blockShape, chosenShape } from '../state/progress.ts'
import type { RunSession } from '../state/session.ts'
import { sourceHashes } from '../state/sources.ts'
import { blockParts } from '../state/stateModel.ts'
import * as z from 'zod'

const lookEveryMs = 250
const usedPrefix = 'used-'

/**
 * Prunes once for runs of a sweep that prune alike. A run by itself, or one that recovers each block as soon as it is
 * pruned, just prunes. So does a run that has begun to prune, unless the pruned model is there by now.
 */
export async function pruneOnce(session: RunSession, prune: () => Promise<void>): Promise<void> {
  const { shared, progress, model, signal } = session
  const blocks = model.config.numBlocks
  if (shared === undefined || shared.prunesAlike < 2 || !prunesFirst(session.recipe)) return prune()
  const folder = join(shared.folder, `pruned-${pruningKey(session)}`)
  await makeOwnFolders(shared.root, folder)
  const done = await madeOnce({
    root: shared.root,
    folder,
    take: async () => progress.finishedBlocks === blocks || takeBlocks(session, folder),
    make: async (isHeld) => {
      const { length } = progress.warnings
      await prune()
      if (isHeld()) await giveBlocks(session, folder, progress.warnings.slice(length))
      return true
    },
    wait: progress.finishedBlocks === 0,
    lookEveryMs,
    signal,
  })
  if (done === null) return prune()
  await writeAtomic(join(folder, usedPrefix + session.folder.name), [])
  const used = (await readdir(folder)).filter((name) => name.startsWith(usedPrefix))
  // A run that starts again after this prunes for itself.
  if (used.length >= shared.prunesAlike) await forget(folder)
}

/** Hash of everything that decides the pruned bits, including device, threads and libraries, since rounding decides near ties. */
export function pruningKey({ recipe, progress, backend }: RunSession): string {
  const { sources } = progress
  const files = [...sourceHashes(sources, 'model '), ...sourceHashes(sources, 'calibration')]
  const { device, description, details } = backend.info
  const { reason: _, ...facts } = details
  return keyOfWork([pruningOf(recipe), files, device, description, facts, backend.precision])
}

const resultsFile = (folder: string) => join(folder, 'blocks.json')

/** `warnings`: those of the pruning. They hold for every run that takes the result. */
async function giveBlocks(
  { folder, progress, model }: RunSession,
  shared: string,
  warnings: readonly string[],
): Promise<void> {
  for (const part of blockParts(model.config.numBlocks))
    await sameFile(partPath(folder.state, 'pruned', part), partPath(shared, 'pruned', part))
  const text = `${JSON.stringify({ blocks: progress.blocks, warnings, chosen: progress.chosen }, null, 1)}\n`
  await writeAtomic(resultsFile(shared), [text], temporaryBeside(resultsFile(shared)))
}

const prunedShape = z.object({
  blocks: z.array(blockShape),
  warnings: z.array(z.string()),
  chosen: chosenShape.default([]),
})

/** Takes the shared blocks into this run. Returns null if they are not there yet, or have been removed. */
async function takeBlocks(session: RunSession, shared: string): Promise<true | null> {
  const { progress, folder, model, log } = session
  const made = await readMade(prunedShape, resultsFile(shared))
  if (made === null) return null
  const { blocks, warnings, chosen } = made
  if (blocks.length !== model.config.numBlocks || blocks.some(({ block }, i) => block !== i)) throw wrong(shared)
  if (!blocks.every(({ block }) => existsSync(partPath(shared, 'pruned', block)))) return null
  const take = async () => {
    for (const { block } of blocks)
      await sameFile(partPath(shared, 'pruned', block), partPath(folder.state, 'pruned', block))
    if (progress.chosen.length === 0) for (const one of chosen) log.emit({ type: 'allocation', ...one })
    progress.chosen = chosen
    for (const result of blocks.slice(progress.finishedBlocks)) log.emit({ type: 'block', ...result })
    for (const message of warnings) if (!progress.warnings.includes(message)) session.warn(message)
    progress.blocks = [...blocks]
    progress.finishedBlocks = blocks.length
    await session.milestone()
  }
  await session.phase('prune', take, { part: 'prune' })
  return true
}

/** Removes the results first: without them no run takes the rest. Also removes temporary files of killed runs. */
async function forget(folder: string): Promise<void> {
  await rm(resultsFile(folder), { force: true })
  for (const name of await readdir(folder))
    if (/^pruned-.*\.safetensors$|\.tmp$/.test(name)) await rm(join(folder, name), { force: true })
}

const wrong = (folder: string) =>
  new EngineError(
    'bad-data',
    `${folder} does not contain blocks pruned by a run: remove it, and the next run makes them again`,
  )
