// The result of a run, or its model before recovery, as a checkpoint: the source with its finished tensors replaced, the mask
// and a note beside it.
import { certificatesOf } from '../../../plan/certificate.ts'
import { hash } from 'node:crypto'
import { basename, join } from 'node:path'
import { parseByteSize } from '../../../formatting/numbers.ts'
import { isBitmaskConfig } from '../../../catalog/formats/bitmask.ts'
import { withoutBitmaskConfig, setTopLevel } from '../../../catalog/formats/jsonEdit.ts'
import { isRecord } from '../../../catalog/formats/json.ts'
import { channelOrderOf, type Checkpoint, openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { maskFileName, writeMaskFile } from '../../checkpoint/maskFile.ts'
import type { StoredMasks } from '../../checkpoint/storedMask.ts'
import { partialPath } from '../../checkpoint/partialFolder.ts'
import { readSmallFile } from '../../checkpoint/regularFile.ts'
import { type CheckpointWriter, createWriter } from '../../checkpoint/writer.ts'
import { EngineError } from '../../errors.ts'
import { pruningOf } from '../../../plan/passes.ts'
import type { Output } from '../../../plan/outputs.ts'
import { mapPaths } from '../open/recipeFile.ts'
import { recoveryReport, settledSteps } from '../../../runs/series/recoveries.ts'
import type { MaskSummary } from '../open/sourceMasks.ts'
import { cardName, modelCard } from '../origin/modelCard.ts'
import { maxNoteBytes, noteName } from '../../../catalog/formats/checkpointFormats.ts'
import { parseNote } from '../origin/note.ts'
import { type ResolvedRecipe, writtenRecipe } from '../../../recipe/resolve.ts'
import { defaultSaveFormat } from '../../../recipe/settings/save.ts'
import { outputProgress } from '../state/progress.ts'
import type { RunSession } from '../state/session.ts'
import type { SourceRecord } from '../state/sources.ts'
import { writeGguf } from '../../convert/writeGguf.ts'
import { openModel } from '../../model/model.ts'

interface Result {
  readonly output: Output
  /** The finished or the pruned model. */
  readonly result: Checkpoint
  readonly masks: StoredMasks
  readonly summary: MaskSummary
}

/** Writes an output that is not there yet. @throws EngineError 'exists' or 'disk'; nothing is left under the final name then. */
export async function saveOutput(session: RunSession, given: Result): Promise<void> {
  const { output } = given
  if (outputProgress(session.progress, output.kind).saved !== null) return
  await session.phase('save', () => write(session, given), { part: `save ${output.kind}` })
}

async function write(session: RunSession, given: Result): Promise<void> {
  const { result, output } = given
  const { kind, to } = output
  const { save } = session.recipe
  if (!save) return
  const progress = outputProgress(session.progress, kind)
  const reordered = await orderOf(session, output)
  const note = `${JSON.stringify({ ...noteOf(session, given), ...(reordered !== null && { reordered }) }, null, 2)}\n`
  if (await isOurs(to, note)) {
    // An earlier session was killed between the rename and recording it: the output is complete and belongs to this run.
    progress.saved = to
  } else {
    const maxShardBytes = parseByteSize(save.max_shard) ?? Infinity
    const partial = progress.partial === null ? undefined : partialPath(to, progress.partial)
    const writer = await createWriter(result, to, {
      maxShardBytes,
      editConfig: configEdit(session, given),
      partial,
    })
    try {
      await fill(session, writer, { ...given, note })
    } catch (error) {
      await writer.abort()
      throw error
    }
    progress.saved = to
  }
  progress.partial = null
  session.log.emit({ type: 'saved', path: to, ...(kind === 'pruned' && { stage: kind }) })
  await session.milestone()
}

/** See `channelOrderOf`. A hash of everything that decides the channel order: a block's order depends on the blocks before it. */
async function orderOf({ recipe, plan, progress, source }: RunSession, { kind }: Output): Promise<string | null> {
  const before = await channelOrderOf(source)
  if (!progress.reordered) return before
  const recovered = kind === 'pruned' ? [] : plan.passes.whilePruning.map(({ settings }) => settings)
  return hash('sha256', JSON.stringify([before, pruningOf(recipe), recovered])).slice(0, 16)
}

/** How config.json changes; undefined where it is carried over as it is. */
function configEdit({ model, plan }: RunSession, { output }: Result) {
  const { config } = model.checkpoint
  // A tied head has got weights of its own.
  const untied = output.kind !== 'pruned' && plan.untiesHead
  const packed = isRecord(config) && isBitmaskConfig(config.quantization_config)
  if (!packed && !untied) return undefined
  return (text: string) => {
    const dense = withoutBitmaskConfig(text)
    return untied ? setTopLevel(dense, 'tie_word_embeddings', false) : dense
  }
}

/** Whether a folder is this run's output. The version, the evaluations and the movements in its note may differ. */
async function isOurs(folder: string, note: string): Promise<boolean> {
  const there = await readSmallFile(join(folder, noteName), maxNoteBytes).catch(() => '{}')
  const unversioned = (text: string) =>
    JSON.stringify({ ...(JSON.parse(text) as object), versions: null, evaluations: null, moved: null })
  try {
    return unversioned(there) === unversioned(note)
  } catch {
    return false
  }
}

async function fill(
  session: RunSession,
  writer: CheckpointWriter,
  { masks, note, output: { to } }: Result & { readonly note: string },
): Promise<void> {
  await writer.copyUnwritten(session.signal, (done, total) => session.advance(done, total, 'bytes'))
  const named = new Map([...masks].map(([linear, mask]) => [`${linear}.weight`, mask]))
  if (named.size > 0) await writeMaskFile(join(writer.partial, maskFileName), named)
  if (session.signal?.aborted) throw new EngineError('cancelled', 'cancelled')
  const { save } = session.recipe
  const card: Record<string, string> = save?.card ? { [cardName]: modelCard(parseNote(note, basename(to))) } : {}
  const { leftBehind } = await writer.finish({ [noteName]: note, ...card }, session.checkSources)
  for (const link of leftBehind) session.warn(`${link} was not copied: it is a link that leaves the model's folder`)
}

/** sparsescope.json: how this checkpoint was made. Two runs that do the same write the same. */
function noteOf({ progress, plan, version, recipe: whole, showPath }: RunSession, { output, summary }: Result) {
  const pruned = output.kind === 'pruned'
  const recoveries = pruned ? [] : plan.recoveries
  const settled = { ...whole, prune: settledSteps(whole.prune, progress.chosen) }
  const recipe = pruned ? recipeOfPruned(settled, output.to) : settled
  const evaluations = progress.evaluations.filter(({ stage }) => !pruned || stage !== 'recovered')
  const certificates = certificatesOf(progress.blocks)
  const tensors = [...summary.counts].map(([linear, { zeros, size }]) => {
    const certificate = certificates.get(linear)
    return [`${linear}.weight`, { zeros, sparsity: zeros / size, ...(certificate && { certificate }) }] as const
  })
  return {
    format: 1,
    versions: { sparsescope: version },
    device: progress.device.description,
    recipe: writtenRecipe(mapPaths(recipe, showPath)),
    sources: contentsOf(progress.sources),
    trainable: pruned ? null : progress.trainable,
    ...(recoveries.length > 1 && { recoveries: recoveries.map(recoveryReport) }),
    ...(!pruned && progress.moves.length > 0 && { moved: progress.moves }),
    evaluations: evaluations.map(({ seconds: _s, answers: _a, ...evaluation }) => evaluation),
    blocks: pruned ? [] : progress.blocks.map(({ modules: _, seconds: __, ...errors }) => errors),
    tensors: Object.fromEntries(tensors),
    ...(summary.counts.size > 0 && { mask: { file: maskFileName, sha256: summary.sha256 } }),
  }
}

/** The recipe that gives the model before recovery. */
function recipeOfPruned({ save, ...recipe }: ResolvedRecipe, to: string): ResolvedRecipe {
  if (!save) return { ...recipe, recover: [] }
  const { pruned: _, type: __, ...others } = save
  // Only the result is written as a GGUF file.
  const format = save.format === 'gguf' ? defaultSaveFormat : save.format
  return { ...recipe, recover: [], save: { ...others, format, to } }
}

/** Each file once, also where it has several roles. */
function contentsOf(sources: readonly SourceRecord[]) {
  const files = new Map(sources.map(({ name, bytes, sha256 }) => [`${name} ${sha256}`, { name, bytes, sha256 }]))
  return [...files.values()]
}

/** Writes the saved result as a GGUF file, unless that is done. @throws EngineError 'exists', or 'disk' without leaving a file. */
export async function saveGguf(session: RunSession, { to }: Output): Promise<void> {
  const { progress, recipe, signal } = session
  const { saved: folder, gguf } = progress
  if (folder === null || gguf.saved !== null) return
  const write = async () => {
    const checkpoint = await openCheckpoint(folder)
    try {
      // The returned warnings are dropped: the plan has already reported what llama.cpp computes differently.
      await writeGguf(openModel(checkpoint), to, {
        type: recipe.save?.type,
        partial: gguf.partial === null ? undefined : partialPath(to, gguf.partial),
        signal,
        onProgress: (done, total) => session.advance(done, total, 'bytes'),
      })
    } finally {
      await checkpoint.close()
    }
    gguf.saved = to
    gguf.partial = null
    session.log.emit({ type: 'saved', path: to, stage: 'gguf' })
    await session.milestone()
  }
  await session.phase('save', write, { part: 'save gguf' })
}
