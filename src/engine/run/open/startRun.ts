// A new run: checks the recipe, opens the device and checks the output places before it makes the run folder.
import { hash } from 'node:crypto'
import { join, relative } from 'node:path'
import type { Backend } from '../../compute/backend.ts'
import { unusedText } from '../../model/model.ts'
import { writeAtomic } from '../../../system/atomicFile.ts'
import { checkOutput } from './outputClaim.ts'
import { newProgress, saveProgress } from '../state/progress.ts'
import { readRecipe, recipeText, type RecipeFile, warningsOfRecipe } from './recipeFile.ts'
import { createRunFolder, runPlace } from '../../../runs/folder/runFolder.ts'
import { lockDraft, type RunLock } from '../../../runs/lock/lock.ts'
import { recordSources, sourceFiles } from '../state/sources.ts'
import type { OpenedRun } from '../state/session.ts'
import { checkRecipe, openDevice, type OpenOptions } from './checkRecipe.ts'

/** `asked`: a path, or the recipe of a sweep's run. @throws EngineError before anything is written, or 'disk' when making the folder. */
export async function startRun(asked: string | RecipeFile, options: OpenOptions): Promise<OpenedRun> {
  const { settings, memoryBytes, signal, among } = options
  const file = typeof asked === 'string' ? await readRecipe(asked, settings, signal) : asked
  const checked = await checkRecipe(file)
  let backend: Backend | null = null
  try {
    const { recipe } = checked
    const place = among?.place ?? runPlace(file.path)
    // Any run folder in this place works for the check, since all are side by side.
    const somewhere = join(place.parent, 'run')
    await checkOutput(checked, somewhere)
    const sources = await recordSources(await sourceFiles(recipe, checked.source), { known: among?.known, signal })
    backend = await openDevice(checked, options)
    const gpu = backend.traits.inHostMemory ? null : true
    const unused = unusedText(checked.model)
    const warnings = [...(unused ? [unused] : []), ...(await warningsOfRecipe(file, { gpu, memoryBytes }, signal))]
    const text = recipeText(recipe, somewhere)
    const progress = newProgress({
      recipe: hash('sha256', text),
      base: relative(somewhere, file.folder),
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
    return { ...checked, folder, backend, progress, resumed: false, lock }
  } catch (error) {
    await backend?.close()
    await checked.source.close()
    throw error
  }
}
