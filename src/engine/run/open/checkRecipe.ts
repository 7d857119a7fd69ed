// Checks a recipe with its model and its device, before a run writes anything.
import { join, resolve } from 'node:path'
import { type IdShape, recoveriesOf, type ResolvedRecipe, resolveRecipe } from '../../../recipe/resolve.ts'
import { type Checkpoint, openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { modelPath } from '../../checkpoint/hubCache.ts'
import { type Model, openModel } from '../../model/model.ts'
import { mapPaths, type RecipeFile, refuseSweep } from './recipeFile.ts'
import { sourceOf } from '../../../runs/folder/recipes.ts'
import { planRun, type RunPlan } from '../../../plan/runPlan.ts'
import { checkMerged, checkStarts } from './givenAdapters.ts'
import { viewModel } from '../../../plan/modelView.ts'
import { findingLine } from '../../../plan/planFinding.ts'
import { EngineError } from '../../errors.ts'
import { ggufTokenizer } from '../../convert/ggufTokenizer.ts'
import { filesOf } from '../../../recipe/dataFiles.ts'
import { isText } from '../../../recipe/dataUses.ts'
import type { Recipe } from '../../../recipe/schema.ts'
import { openIdTensor } from '../../text/idTensor.ts'
import { readSmallFile } from '../../checkpoint/regularFile.ts'
import { fieldsOf } from '../../../catalog/formats/json.ts'
import type { Backend } from '../../compute/backend.ts'
import { openFor } from '../../model/computeIn.ts'
import { defaultPrecision, type PrecisionChoice } from '../../../recipe/modes.ts'
import type { FolderPlace } from '../../../runs/folder/runFolder.ts'
import { formatBytes } from '../../../formatting/numbers.ts'
import { sizeOf } from '../../../plan/trainable.ts'
import type { OpenedRun, SharedFolder } from '../state/session.ts'
import type { KnownFiles } from '../state/sources.ts'

/** Options for opening a run, beside its recipe or its folder. */
export interface OpenOptions {
  /** `path=value`, as in `--set recover.steps=10`. */
  readonly settings?: readonly string[]
  /** Default: half of what is free. */
  readonly memoryBytes?: number
  /** Called once the recipe and the model have passed all checks. The caller closes the backend that it returns. */
  readonly openBackend: () => Promise<Backend>
  /** Precision for a recipe that leaves it to the device. */
  readonly precision?: PrecisionChoice
  readonly signal?: AbortSignal
  /** Called when another process that seems dead still holds the run folder, and taking it over takes a while. */
  readonly onWait?: (message: string) => void
  /** The place of the run's folder and the work that it shares, for one of many runs. */
  readonly among?: AmongRuns
}

interface AmongRuns {
  readonly place: FolderPlace
  /** Work that is the same for several of the runs: one run does it, and the others read the result. */
  readonly shared: SharedFolder
  /** Fingerprints of files that have been read already. */
  readonly known: KnownFiles
}

type CheckedRecipe = Pick<OpenedRun, 'recipe' | 'source' | 'model' | 'plan'>

/** Checks everything that can be wrong with a recipe and its model. The caller closes `source`. @throws EngineError. */
export async function checkRecipe(file: RecipeFile): Promise<CheckedRecipe> {
  refuseSweep(file)
  const source = await openCheckpoint(modelPath(file.folder, file.recipe.model))
  try {
    const model = openModel(source)
    const idShape = await idShapesOf(file.recipe, file.folder)
    const denseModel = (await sourceOf(source.folder))?.model
    const relativeRecipe = resolveRecipe(file.recipe, { ...model.config, idShape, denseModel })
    const recipe = mapPaths(relativeRecipe, (given) => modelPath(file.folder, given))
    const plan = planOrRefuse(recipe, model)
    for (const recovery of plan.recoveries) {
      await checkStarts(recovery)
      await checkMerged(recovery.settings, model)
    }
    await checkGguf(recipe, model)
    for (const { settings, place } of plan.recoveries)
      if (settings.dense) await checkDense(settings.dense, model, place)
    return { recipe, source, model, plan }
  } catch (error) {
    await source.close()
    throw error
  }
}

/** Opens the device that the recipe's model is computed on. The caller closes it. @throws EngineError 'unsupported'. */
export function openDevice(
  { recipe, model, plan }: CheckedRecipe,
  { openBackend, precision }: OpenOptions,
): Promise<Backend> {
  const asked = recipe.precision === defaultPrecision ? precision : recipe.precision
  return openFor(model, openBackend, asked, (backend) => checkTrained(backend, plan))
}

/**
 * A directly trained parameter is one f32 tensor, and so is its gradient. A parameter that exceeds the device's largest tensor is
 * refused now, since pruning may take hours before training begins.
 * @throws EngineError 'unsupported' for such a parameter.
 */
function checkTrained(
  { traits: { mostTensorBytes = Infinity }, info }: Pick<Backend, 'traits' | 'info'>,
  { recoveries }: Pick<RunPlan, 'recoveries'>,
): void {
  for (const { trainable, settings, place } of recoveries) {
    const large = trainable?.direct.find(({ shape }) => 4 * sizeOf(shape) > mostTensorBytes)
    if (!large) continue
    const subset = settings.train.includes('full') ? 'full' : 'embedding'
    throw new EngineError(
      'unsupported',
      `${place}.train: ${subset} trains ${large.name} in a buffer of ${formatBytes(4 * sizeOf(large.shape))}, and the limit of ${info.description} is ${formatBytes(mostTensorBytes)}: leave ${subset} out, or use --device cpu`,
    )
  }
}

/** The plan of the run. @throws EngineError 'bad-recipe': what is missing, or cannot be done with this model. */
function planOrRefuse(recipe: ResolvedRecipe, { config }: Model): RunPlan {
  const { plan, findings } = planRun(recipe, viewModel(config))
  const refused = findings.find((finding) => finding.refused)
  if (refused) throw new EngineError('bad-recipe', findingLine(recipe, refused))
  if (!plan) throw new Error('internal: a plan that nothing refuses is missing')
  return plan
}

/**
 * Checks that the tokenizer can go into the recipe's GGUF file. The plan says whether llama.cpp knows the model.
 * @throws EngineError 'bad-recipe' for a missing tokenizer, or one that llama.cpp does not know.
 */
async function checkGguf({ save }: Pick<ResolvedRecipe, 'save'>, { checkpoint, config }: Model): Promise<void> {
  if (save?.format !== 'gguf') return
  try {
    await ggufTokenizer(checkpoint.folder, config.vocabSize, checkpoint.config)
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    throw new EngineError('bad-recipe', `save.format: gguf: ${error.message}`, { cause: error })
  }
}

/**
 * The number and length of rows in files of ids, for a recipe that does not set them. Reads headers only. An unreadable file has
 * no shape here: it is refused where its ids are read.
 */
async function idShapesOf({ calibration, recover, evaluate = [] }: Recipe, folder: string): Promise<IdShape> {
  const shapes = new Map<string, readonly number[]>()
  const key = (data: string, field?: string) => JSON.stringify([data, field])
  const named = [calibration ?? {}, ...recoveriesOf(recover), ...evaluate].flatMap(({ data, field }) =>
    filesOf(data).map((file) => ({ data: file, field })),
  )
  for (const { data, field } of named) {
    if (isText(data) || shapes.has(key(data, field))) continue
    const tensor = await openIdTensor(resolve(folder, data), field).catch(() => null)
    if (!tensor) continue
    shapes.set(key(data, field), tensor.shape)
    await tensor.close()
  }
  return (data, field) => shapes.get(key(data, field)) ?? null
}

const maxTokenizerBytes = 64 * 2 ** 20

/**
 * Checks the dense model that a retraining's loss compares with, where the run does not prune it itself.
 * @throws EngineError when it cannot be opened, or its vocabulary is another one.
 */
async function checkDense(path: string, own: Model, place: string): Promise<void> {
  const dense = await openCheckpoint(path).catch((error: unknown) => {
    if (!(error instanceof EngineError)) throw error
    throw new EngineError(
      error.code,
      `${place}.loss compares with the dense model, which cannot be opened: ${error.message}; name it under ${place}.dense`,
    )
  })
  try {
    const { vocabSize } = openModel(dense).config
    if (vocabSize !== own.config.vocabSize)
      throw otherTokens(
        place,
        path,
        `its vocabulary has ${vocabSize} entries, that of the model ${own.config.vocabSize}`,
      )
    const [theirs, ours] = [await tokensOf(dense), await tokensOf(own.checkpoint)]
    if (theirs !== null && ours !== null && theirs !== ours)
      throw otherTokens(place, path, 'its tokenizer gives other tokens')
  } finally {
    await dense.close()
  }
}

function otherTokens(place: string, path: string, why: string): EngineError {
  return new EngineError(
    'bad-recipe',
    `${place}.dense: ${path} is not this model before it was pruned: ${why}; name the checkpoint that it was made from`,
  )
}

/** The tokenizer's vocabulary, merges and added tokens as text; null where the tokenizer is missing or unreadable. */
async function tokensOf({ folder }: Checkpoint): Promise<string | null> {
  try {
    const { model, added_tokens: added } = fieldsOf(
      JSON.parse(await readSmallFile(join(folder, 'tokenizer.json'), maxTokenizerBytes)),
    )
    return JSON.stringify([fieldsOf(model).vocab, fieldsOf(model).merges, added])
  } catch {
    return null
  }
}
