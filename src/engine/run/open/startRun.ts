// A new run: checks the recipe, opens the device and checks the output places before it makes the run folder.
import { hash } from 'node:crypto'
import { join, relative } from 'node:path'
import { unusedText } from '../../model/model.ts'
import { writeAtomic } from '../../../system/atomicFile.ts'
import { checkOutput } from './outputClaim.ts'
import { newProgress, saveProgress } from '../state/progress.ts'
import { recipeText, type RecipeFile, readRecipe, warningsOfRecipe } from './recipeFile.ts'
import { type FolderPlace, createRunFolder, runPlace } from '../../../runs/folder/runFolder.ts'
import { lockDraft, type RunLock } from '../../../runs/lock/lock.ts'
import { recordSources, sourceFiles, type KnownFiles } from '../state/sources.ts'
import { checkRecipe } from './checkRecipe.ts'
import { openDevice, sourceCheck, type OpenedRun, type OpenRequest } from './openedRun.ts'

interface StartRequest extends OpenRequest {
  /** A path, or a recipe that has been read: one of a sweep's. */
  readonly recipe: string | RecipeFile
  /** Memory that the run may use; default: half of what is free. */
  readonly memoryBytes?: number
  /** Parent of its folder; default: beside the recipe's earlier runs. */
  readonly place?: FolderPlace
  /** Fingerprints of files that have been read already, by path. */
  readonly known?: KnownFiles
}

/** @throws EngineError before anything is written, but for 'disk' while the run folder is made. */
export async function startRun(request: StartRequest): Promise<OpenedRun> {
  const { recipe: asked, settings, memoryBytes, signal, known } = request
  const file = typeof asked === 'string' ? await readRecipe(asked, settings, signal) : asked
  const checked = await checkRecipe(file)
  try {
    const { recipe, base } = checked
    const { place = runPlace(checked.path) } = request
    // Any run folder in this place works for the check, since all are side by side.
    const somewhere = join(place.parent, 'run')
    await checkOutput(checked, somewhere)
    const sources = await recordSources(await sourceFiles(recipe, checked.source), { known, signal })
    const backend = await openDevice(checked, request)
    const gpu = backend.traits.inHostMemory ? null : true
    const unused = unusedText(checked.model)
    const warnings = [...(unused ? [unused] : []), ...(await warningsOfRecipe(file, { gpu, memoryBytes }, signal))]
    const text = recipeText(recipe, somewhere)
    const progress = newProgress({
      recipe: hash('sha256', text),
      base: relative(somewhere, base),
      sources,
      device: backend.info,
      warnings,
      trainable: checked.plan.count,
    })
    let keepLock = (_named: string): Promise<RunLock> => Promise.reject(new Error('the run folder was never made'))
    const folder = await createRunFolder(place, async (draft) => {
      keepLock = lockDraft(draft.path)
      await writeAtomic(draft.recipe, [text])
      await saveProgress(draft.state, progress)
    })
    const lock = await keepLock(folder.path)
    const checkSources = sourceCheck(checked, progress, signal)
    return { ...checked, folder, backend, progress, resumed: false, checkSources, lock }
  } catch (error) {
    await checked.source.close()
    throw error
  }
}
