// The keys of a recipe itself; the maps under them have rows of their own.
import * as z from 'zod'
import type { AllocationSettings } from '../../catalog/allocations/allocation.ts'
import type { AllocationName } from '../../catalog/allocations/allocations.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import { methodsWithData } from '../../catalog/methods/methods.ts'
import { andList } from '../../formatting/lists.ts'
import type { Path } from '../document.ts'
import { defaultPrecision, precisions, type PrecisionChoice } from '../modes.ts'
import { sweepSchema } from '../sweepSchema.ts'
import { calibrationRows, requireEnoughSamples, type IdShape } from './calibration.ts'
import { evaluateRows, evaluation } from './evaluate.ts'
import { pruneRows } from './prune.ts'
import { loraRows, recoverRows, recovery } from './recover.ts'
import { described, idle, mapOf, path, resolveRows, rowsOf, type Resolved, type Rows, type Written } from './row.ts'
import { saveRows } from './save.ts'

/** Known facts about the model and the data that settings depend on. */
export interface Surroundings extends Partial<Pick<ModelConfig, 'maxPositions' | 'residual'>> {
  /** Shape of the ids in a data file, [windows, length] or [length]; null where there are none. */
  readonly idShape?: IdShape
  /** Path of the dense model from which the recipe's model was made; null: the recipe's model is dense. */
  readonly denseModel?: string | null
}

export type PruneStep = Written<typeof pruneRows>
type Recipe = Written<typeof recipeRows>
/** One recovery as written. */
export type Recover = z.output<typeof recovery>
/** A step with the keys that its method and its allocation take, and no others. */
export interface ResolvedPruneStep
  extends Resolved<typeof pruneRows>, Partial<Record<AllocationName, AllocationSettings>> {}
export type ResolvedRecover = Resolved<typeof recoverRows>
export type ResolvedEvaluation = Resolved<typeof evaluateRows>

export interface Known extends Surroundings {
  readonly prune: readonly ResolvedPruneStep[]
  readonly recover: readonly ResolvedRecover[]
}

const row = rowsOf<Known>()

export const defaultSeed = 0

/** What the settings of the maps in a recipe may know about the rest of it. */
function restOf(
  { maxPositions, residual, idShape, denseModel, prune }: Omit<Known, 'recover'>,
  recoveries: readonly ResolvedRecover[],
) {
  const prunes = prune.length > 0
  return { maxPositions, residual, idShape, denseModel: prunes ? null : denseModel, prunes, recoveries }
}

/** The recoveries of a recipe as written: one may be without a list. */
export function recoveriesOf(recover: Recover | Recover[] | undefined): Recover[] {
  return recover === undefined ? [] : [recover].flat()
}

const isChanged = ({ prune, recover }: Known) => prune.length > 0 || recover.length > 0

export const recipeRows = {
  version: row({ type: z.literal(1), about: 'Version of the recipe format.', required: true }),

  model: row({
    type: path,
    about:
      'Folder with `config.json`, `model.safetensors` (or its index) and `tokenizer.json`, relative to the recipe; or `hf:org/name[@revision]`, a model in the cache of the Hub (`sparsescope pull`).',
    required: true,
    remark: ({ prune }) => (prune.length === 0 ? 'the pruned input' : undefined),
  }),

  prune: row({
    type: z.array(mapOf(pruneRows).meta(described('One pruning step. All steps apply in one pass over the blocks.'))),
    about: 'What to prune, and how.',
    resolve: (steps = []): ResolvedPruneStep[] => steps.map((step) => resolveRows(pruneRows, step, {})),
    field: 'prune.method',
  }),

  calibration: row({
    type: mapOf(calibrationRows).superRefine(requireEnoughSamples),
    about: `Text that ${andList([...methodsWithData, 'reconstruction'])} use.`,
    // What is written keeps its place: the order of keys decides the hash of a sweep's run.
    resolve: (written, known) => written && { ...written, ...resolveRows(calibrationRows, written, known) },
    field: 'calibration.data',
  }),

  seed: row({
    type: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
    about: 'Seed of random pruning, drawn windows, the search of `reorder`, adapter starts and shuffling.',
    default: defaultSeed,
    option: { flags: '--seed <n>', about: 'seed of random pruning and of drawn windows', default: defaultSeed },
    field: 'sweep',
  }),

  recover: row({
    type: z.union([recovery, z.array(recovery)]),
    about:
      'How to recover what pruning cost: one recovery, or a list of them that are applied in order. Recoveries that work block by block (`reconstruct`, `refit`) and follow each other share one pass over the blocks; each recovery merges its adapters into the weights before the next begins.',
    resolve: (written, known) => recoveriesOf(written).map((one) => resolveRows(recoverRows, one, restOf(known, []))),
    appliesWhen: (_, written) => !Array.isArray(written) || written.length > 0 || idle('while its list is empty'),
    field: 'recover.mode',
    remark: (_, written) => (Array.isArray(written) ? 'one after the other' : undefined),
  }),

  evaluate: row({
    type: z.array(evaluation),
    about: 'What to measure, and when.',
    resolve: (written = [], known) =>
      written.map((one) => resolveRows(evaluateRows, one, restOf(known, known.recover))),
    field: 'evaluate.data',
    remark: ({ prune }) => (prune.length === 0 ? 'dense: before recovery, which is the pruned input' : undefined),
  }),

  precision: row({
    type: z.enum(precisions),
    about:
      'What products are computed in: `f32`; `bf16`, with sums and all else in f32; or `auto`, which is bf16 where the device multiplies it faster (AVX512_BF16, AMX) and the checkpoint stores bf16 or f16, else f32. Statistics, selection, solvers, optimiser states and merges are f32 or f64 always.',
    default: defaultPrecision as PrecisionChoice,
  }),

  save: row({
    type: mapOf(saveRows),
    about: 'Where to save the result.',
    resolve(written, known) {
      if (written === undefined) return undefined
      // What has a default comes first: the order of keys decides the hash of a sweep's run.
      const {
        max_shard: maxShard,
        format,
        card,
        ...rest
      } = resolveRows(saveRows, written, restOf(known, known.recover))
      return { max_shard: maxShard, format, card, ...rest }
    },
    appliesWhen: (known) =>
      isChanged(known) || idle('without prune or recover, as nothing changes', '/prune', '/recover'),
    field: 'save.to',
  }),

  sweep: row({
    type: sweepSchema,
    about:
      'Paths of settings and the values to try: one run for each combination, the last path varies fastest. Or `cases`, which names the runs one by one. `sparsescope sweep run` runs them.',
    examples: [
      { 'prune.0.sparsity': [0.4, 0.5, 0.6] },
      { cases: [{ name: 'wanda', set: { 'prune.0.method': 'wanda' } }] },
    ],
    field: { label: 'Sweep' },
    remark: 'a run for each value; each saves to a folder of its own',
  }),
}

/** A map of a recipe whose keys are rows: what is written in it, and what its rows' functions may look at. */
export interface SettingsMap {
  readonly path: Path
  readonly rows: Rows
  readonly written: object
  readonly known: object
}

/** Every map that is written, the recipe first; in a recovery also `lora`, which has its defaults. */
export function mapsOf(recipe: Recipe, resolved: Resolved<typeof recipeRows>, around: Surroundings): SettingsMap[] {
  const known = { ...around, prune: resolved.prune, recover: resolved.recover }
  const rest = restOf(known, resolved.recover)
  const of = (path: Path, rows: Rows, written: object = {}, more: object = {}) => ({
    ...{ path, rows, written },
    known: { ...rest, ...more },
  })
  const isList = Array.isArray(recipe.recover)
  return [
    { path: [], rows: recipeRows, written: recipe, known },
    ...resolved.prune.map((step, i) => of(['prune', i], pruneRows, recipe.prune?.[i], step)),
    ...(resolved.calibration ? [of(['calibration'], calibrationRows, recipe.calibration, resolved.calibration)] : []),
    ...recoveriesOf(recipe.recover).flatMap((one, i) => {
      const path = isList ? ['recover', i] : ['recover']
      return [
        of(path, recoverRows, one, resolved.recover[i]),
        of([...path, 'lora'], loraRows, one.lora, resolved.recover[i]),
      ]
    }),
    ...resolved.evaluate.map((one, i) => of(['evaluate', i], evaluateRows, recipe.evaluate?.[i], one)),
    ...(resolved.save ? [of(['save'], saveRows, recipe.save, resolved.save)] : []),
  ]
}
