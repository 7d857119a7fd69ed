// Resumes a run: locks its folder first, and changes nothing in it until the recipe and the sources are known to be the same.
import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import type { ResolvedRecipe } from '../../../recipe/resolve.ts'
import { readOwn, requireOwnFolder } from '../../../system/ownFile.ts'
import { EngineError } from '../../errors.ts'
import { loadProgress, parseReportStatus, type RunProgress } from '../state/progress.ts'
import { readRecipe, type RecipeFile } from './recipeFile.ts'
import { type RunFolder, runFolderAt } from '../../../runs/folder/runFolder.ts'
import { isDone } from '../../../runs/reader/report.ts'
import { lockRun } from '../../../runs/lock/lock.ts'
import { removeState } from '../state/blockStore.ts'
import { loadTrainingProgress } from '../state/trainingState.ts'
import type { OpenedRun } from '../state/session.ts'
import { checkSources } from '../state/sources.ts'
import { checkOutputsLeft } from './outputClaim.ts'
import { checkRecipe, openDevice, type OpenOptions } from './checkRecipe.ts'
import { passesOf } from '../../../plan/passes.ts'
import { ggufPlace } from '../../../plan/outputs.ts'
import { parseSetting } from '../../../recipe/overrides.ts'
import { partialPath, removePartial } from '../../checkpoint/partialFolder.ts'

/** The recipe, if given as a path, must be the run's. Settings are those that the run began with; `save.to` may differ. */
interface ResumeOptions extends OpenOptions {
  readonly recipe?: string | RecipeFile
}

/**
 * @throws EngineError 'exists' when another process has the run, 'bad-recipe' or 'bad-data' when recipe or sources are not
 * what the run began with, or when its folder holds something that a run does not write.
 */
export async function resumeRun(run: string, options: ResumeOptions): Promise<OpenedRun> {
  const folder = runFolderAt(resolve(run))
  if (!existsSync(folder.recipe))
    throw new EngineError('not-found', `${folder.path} is not a run folder: it has no recipe.prune.yaml`)
  const lock = await lockRun(folder.path, options)
  try {
    return { ...(await readRun(folder, options)), lock }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function readRun(folder: RunFolder, options: ResumeOptions): Promise<Omit<OpenedRun, 'lock'>> {
  const { recipe: given, settings = [], signal } = options
  const text = await readOwn(folder.recipe)
  if (await isFinished(folder)) {
    // The process that finished the run may have been killed while it removed the state.
    await removeState(folder)
    throw new EngineError('usage', `${folder.path} is finished; there is nothing to resume`)
  }
  const progress = await latestProgress(folder)
  if (hash('sha256', text) !== progress.recipe)
    throw new EngineError('bad-recipe', `${folder.recipe} was edited after the run began; start a new run with it`)
  const checked = await checkRecipe(await readRecipe(folder.recipe, [], signal))
  try {
    const { to, others } = splitSaveTo(settings)
    if (typeof given === 'string' || others.length > 0) {
      // A new place to save, given with `--set`, replaces the recipe's in both: the comparison ignores it.
      const compared = (recipe: ResolvedRecipe) =>
        JSON.stringify(to === null ? recipe : { ...recipe, save: recipe.save && { ...recipe.save, to } })
      const path = typeof given === 'string' ? given : folder.recipe
      await requireSame(path, others, (other) => compared(other) === compared(checked.recipe))
    }
    checkCounts(progress, checked.recipe, checked.model.config.numBlocks, folder.path)
    await checkSources({ ...checked, progress }, signal)
    const asked = to === null ? null : resolve(folder.path, progress.base, to)
    const recipe = await placeResult(checked.recipe, folder.path, progress, asked)
    await checkOutputsLeft({ ...checked, recipe, progress })
    return { ...checked, recipe, folder, backend: await openDevice(checked, options), progress, resumed: true }
  } catch (error) {
    await checked.source.close()
    throw error
  }
}

async function requireSame(
  path: string,
  settings: readonly string[],
  isSame: (other: ResolvedRecipe) => boolean,
): Promise<void> {
  const file = await readRecipe(path, settings)
  const other = await checkRecipe(file)
  await other.source.close()
  if (isSame(other.recipe)) return
  const set = settings.map((setting) => ` --set ${setting}`).join('')
  const [changed, remedy] = set === '' ? ['', 'it'] : [` with${set}`, 'these settings (save.to alone may change)']
  throw new EngineError(
    'bad-recipe',
    `${file.path}${changed} is not the recipe that this run began with; resume without ${remedy}, or start a new run`,
  )
}

/** The later of the two records: while retraining, progress is saved with the optimiser. */
async function latestProgress(folder: RunFolder): Promise<RunProgress> {
  await requireOwnFolder(folder.state)
  const progress = await loadProgress(folder.state)
  const training = await loadTrainingProgress(folder.state)
  return training && training.revision > progress.revision ? training : progress
}

/** @throws EngineError 'bad-data' for a report that no run has written. */
async function isFinished(folder: RunFolder): Promise<boolean> {
  if (!existsSync(folder.report)) return false
  const status = parseReportStatus(await readOwn(folder.report), folder.report)
  return status === 'done' && isDone(folder)
}

/**
 * Checks the counts in a run's record: it may come from anyone, and the work that it counts is skipped.
 * @throws EngineError 'bad-data' when more is done than there is to do.
 */
function checkCounts(progress: RunProgress, recipe: ResolvedRecipe, numBlocks: number, folder: string): void {
  const { finishedBlocks, recoveredPasses, walkedBlocks, trainedSteps } = progress
  const { later } = passesOf(recipe.recover, recipe.prune.length > 0)
  const next = later.at(recoveredPasses)
  const merges = next?.recoveries[0].mode === 'merge'
  const [blocks, steps] = next?.blockwise || merges ? [numBlocks, 0] : [0, next?.recoveries[0].steps ?? 0]
  const refuse = (done: number, all: number, unit: string): never => {
    throw new EngineError('bad-data', `${folder} records ${done} finished ${unit} of ${all}; start a new run`)
  }
  if (finishedBlocks > numBlocks) refuse(finishedBlocks, numBlocks, 'blocks')
  if (recoveredPasses > later.length) refuse(recoveredPasses, later.length, 'recoveries')
  if (walkedBlocks > blocks) refuse(walkedBlocks, blocks, 'blocks')
  if (trainedSteps > steps) refuse(trainedSteps, steps, 'steps')
}

/**
 * The last `save.to` of the settings (null without one), and the other settings. Only `save.to` may change when a run is resumed, so that
 * a full or missing disk does not cost the work that is done.
 */
export function splitSaveTo(settings: readonly string[]): { to: string | null; others: string[] } {
  let to: string | null = null
  const others: string[] = []
  for (const text of settings) {
    const setting = parseSetting(text)
    if (setting?.path === 'save.to' && typeof setting.value === 'string') to = setting.value
    else others.push(text)
  }
  return { to, others }
}

/**
 * The recipe of a run folder with the place that this session saves to: `asked` (absolute), or the place of an
 * earlier session, or the recipe's. Removes partial outputs at the previous place, and records the new one in `progress`.
 * @throws EngineError 'usage' when the recipe saves nothing, or the result is saved already.
 */
async function placeResult(
  recipe: ResolvedRecipe,
  folder: string,
  progress: RunProgress,
  asked: string | null,
): Promise<ResolvedRecipe> {
  const placed = (to: string) => recipe.save && { ...recipe, save: { ...recipe.save, to } }
  const before = (progress.saveTo !== null && placed(resolve(folder, progress.saveTo))) || recipe
  // The recorded path may be out of date: the working folder may have been moved since.
  if (progress.saved !== null) progress.saved = before.save && existsSync(before.save.to) ? before.save.to : null
  const file = before.save?.format === 'gguf' ? ggufPlace(before.save.to) : null
  if (progress.gguf.saved !== null) progress.gguf.saved = file !== null && existsSync(file) ? file : null
  // The recipe's own paths remain valid after the working folder has been moved.
  if (progress.pruned.saved !== null) progress.pruned.saved = before.save?.pruned ?? null
  if (asked === null || asked === before.save?.to) return before
  const after = placed(asked)
  if (!after)
    throw new EngineError('usage', '--set save.to: the recipe of this run has no `save`; start a new run with one')
  if (progress.saved !== null)
    throw new EngineError('usage', `--set save.to: the result is in ${progress.saved} already; resume without it`)
  if (before.save && progress.partial !== null) await removePartial(partialPath(before.save.to, progress.partial))
  if (file !== null && progress.gguf.partial !== null) await removePartial(partialPath(file, progress.gguf.partial))
  progress.partial = null
  progress.gguf.partial = null
  progress.saveTo = relative(folder, asked)
  return after
}
