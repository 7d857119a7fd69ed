// A run's beginning: everything that can be wrong is found before its folder is made, or, for a resumed run, before
// anything in it is touched.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { sideBySide, type ResolvedRecipe } from '../../shared/recipe/resolve.ts'
import { openCheckpoint, type Checkpoint } from '../checkpoint/checkpoint.ts'
import { refuseOverlap } from '../checkpoint/outputPlace.ts'
import { refuseExisting } from '../checkpoint/partialFolder.ts'
import type { Backend } from '../compute/backend.ts'
import { EngineError } from '../errors.ts'
import { openModel, type Model } from '../model/model.ts'
import { writeAtomic } from './atomicFile.ts'
import { changedSources, fingerprint } from './fingerprint.ts'
import { loadProgress, newProgress, saveProgress, type RunProgress } from './progress.ts'
import { mapPaths, readRecipe, recipeText, resolveRecipeFile } from './recipeFile.ts'
import { createRunFolder, runFolderAt, type RunFolder } from './runFolder.ts'
import { planRun, type RunPlan } from './runPlan.ts'
import { checkStarts } from './startMatricesOf.ts'
import { loadTrainingProgress } from './trainingState.ts'

export interface OpenedRun {
  readonly folder: RunFolder
  /** All paths absolute. */
  readonly recipe: ResolvedRecipe
  readonly source: Checkpoint
  readonly model: Model
  readonly plan: RunPlan
  readonly backend: Backend
  readonly progress: RunProgress
  readonly resumed: boolean
}

export interface StartRequest {
  readonly recipe: string
  readonly settings: readonly string[]
  readonly openBackend: () => Promise<Backend>
}

/** @throws EngineError before anything is written, but for 'disk' while the run folder is made. */
export async function startRun({ recipe: path, settings, openBackend }: StartRequest): Promise<OpenedRun> {
  const checked = await checkRecipe(path, settings)
  try {
    const { recipe, model, base } = checked
    if (recipe.save) {
      await refuseOverlap(recipe.save.to, checked.source.folder)
      await refuseExisting(recipe.save.to)
    }
    const sources = await Promise.all(sourcePaths(recipe, checked.source).map(fingerprint))
    const backend = await openBackend()
    const folder = await createRunFolder(checked.path)
    const text = recipeText(recipe, folder.path)
    await writeAtomic(folder.recipe, [text])
    const progress = newProgress({
      recipe: hashOf(text),
      base,
      sources,
      device: backend.info,
      warnings: [...checked.warnings],
      trainable: checked.plan.count,
    })
    await saveProgress(folder.state, progress)
    return { ...checked, model, folder, backend, progress, resumed: false }
  } catch (error) {
    await checked.source.close()
    throw error
  }
}

export interface ResumeRequest {
  readonly run: string
  /** When given, it must be the run's. */
  readonly recipe?: string
  readonly settings: readonly string[]
  readonly openBackend: () => Promise<Backend>
}

/** @throws EngineError 'bad-recipe' or 'bad-data' when recipe or sources are not what the run began with. */
export async function resumeRun({ run, recipe: path, settings, openBackend }: ResumeRequest): Promise<OpenedRun> {
  const folder = runFolderAt(resolve(run))
  if (!existsSync(folder.recipe))
    throw new EngineError('not-found', `${folder.path} is no run folder: it has no recipe.prune.yaml`)
  const text = await readFile(folder.recipe, 'utf8')
  const progress = await latestProgress(folder)
  if (hashOf(text) !== progress.recipe)
    throw new EngineError('bad-recipe', `${folder.recipe} was edited after the run began; start a new run with it`)
  if (await isFinished(folder)) throw new EngineError('usage', `${folder.path} is finished; there is nothing to resume`)
  const checked = await checkRecipe(folder.recipe, [])
  try {
    if (path !== undefined || settings.length > 0) await requireSame(path ?? folder.recipe, settings, checked.recipe)
    const changed = await changedSources(progress.sources)
    if (changed.length > 0)
      throw new EngineError('bad-data', `${changed.join(', ')} changed since the run began; start a new run`)
    return { ...checked, folder, backend: await openBackend(), progress, resumed: true }
  } catch (error) {
    await checked.source.close()
    throw error
  }
}

interface Checked {
  readonly path: string
  readonly base: string
  readonly recipe: ResolvedRecipe
  readonly source: Checkpoint
  readonly model: Model
  readonly plan: RunPlan
  readonly warnings: readonly string[]
}

async function checkRecipe(path: string, settings: readonly string[]): Promise<Checked> {
  const file = await readRecipe(path, settings)
  const source = await openCheckpoint(resolve(file.folder, file.recipe.model))
  try {
    const model = openModel(source)
    const relativeRecipe = resolveRecipeFile(file, model.config)
    const recipe = mapPaths(relativeRecipe, (given) => resolve(file.folder, given))
    const plan = planRun(recipe, model)
    if (plan.trainable) await checkStarts(recipe, plan.trainable)
    const warnings = [...file.warnings, ...(plan.trainable?.warnings ?? [])]
    const { window } = file.recipe.recover ?? {}
    if (window && window !== recipe.recover?.window) warnings.push(`window has no effect ${sideBySide}: remove it.`)
    return { path: file.path, base: file.folder, recipe, source, model, plan, warnings }
  } catch (error) {
    await source.close()
    throw error
  }
}

async function requireSame(path: string, settings: readonly string[], recipe: ResolvedRecipe): Promise<void> {
  const other = await checkRecipe(path, settings)
  await other.source.close()
  if (JSON.stringify(other.recipe) !== JSON.stringify(recipe))
    throw new EngineError(
      'bad-recipe',
      `${other.path} is not the recipe that this run began with; resume without it, or start a new run`,
    )
}

/** Of the two records the later one: while retraining, progress is saved with the optimiser. */
async function latestProgress(folder: RunFolder): Promise<RunProgress> {
  const progress = await loadProgress(folder.state)
  const training = await loadTrainingProgress(folder.state)
  return training && training.eventsBytes > progress.eventsBytes ? training : progress
}

async function isFinished(folder: RunFolder): Promise<boolean> {
  if (!existsSync(folder.report)) return false
  const report = JSON.parse(await readFile(folder.report, 'utf8')) as { status?: unknown }
  return report.status === 'done'
}

/** Every file whose contents go into the result. */
function sourcePaths(recipe: ResolvedRecipe, source: Checkpoint): string[] {
  const beside = ['config.json', 'tokenizer.json', 'sparsescope.mask'].map((name) => join(source.folder, name))
  const { calibration, recover, evaluate } = recipe
  const data = [calibration?.data, recover?.data, recover?.lora.init, ...evaluate.map((e) => e.data)]
  const paths = [
    ...source.files.map((file) => file.path),
    ...beside.filter((path) => existsSync(path)),
    ...data.filter((path): path is string => typeof path === 'string'),
  ]
  return [...new Set(paths)]
}

/** A path as the person wrote it, or nearly: relative to the folder of the recipe. */
export function shownPath(base: string, path: string): string {
  return relative(base, path).replaceAll('\\', '/') || '.'
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
