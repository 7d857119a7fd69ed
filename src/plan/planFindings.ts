// All that a plan finds wrong with a recipe, with or without its model; here the checks of data and outputs.
import { type ResolvedRecipe, stepNeedsData, swapsWeights } from '../recipe/resolve.ts'
import { recoveryFindings, untiesHead } from './recoveryFindings.ts'
import { stepFindings, targetFindings } from './stepFindings.ts'
import type { ModelView } from './modelView.ts'
import { type PlanFinding, refusal, warning } from './planFinding.ts'
import { tried } from '../catalog/allocations/allocation.ts'
import { isMeasured } from '../catalog/allocations/allocations.ts'
import { needsData } from '../catalog/methods/methods.ts'
import { dataUses, placesOf } from '../recipe/dataUses.ts'
import { isBlockwise } from '../recipe/modes.ts'
import { windowDefaults } from '../recipe/defaults.ts'
import { ggufContents } from '../catalog/families/gguf/ggufContents.ts'

export function planFindings(recipe: ResolvedRecipe, model: ModelView | null): PlanFinding[] {
  return [
    ...(model ? targetFindings(recipe, model) : []),
    ...stepFindings(recipe, model),
    ...recoveryFindings(recipe, model),
    ...dataFindings(recipe, model),
    ...saveFindings(recipe, model),
  ]
}

/** Data that is needed and not named, and windows longer than the model's positions. */
function* dataFindings(recipe: ResolvedRecipe, model: ModelView | null): Iterable<PlanFinding> {
  if (!recipe.calibration) yield* uncalibrated(recipe)
  for (const [i, { mode, data }] of recipe.recover.entries()) {
    if (mode !== 'retrain' || data !== undefined) continue
    const path = ['recover', i, 'data']
    yield refusal('data-not-named', ['recover', i, 'mode'], 'Retraining needs data: add data to recover.', {
      from: [path],
      fixes: [{ path, value: 'path/to/text.jsonl', title: 'Add data' }],
    })
  }
  if (model) yield* longWindows(recipe, model)
}

/** Reports the first part that needs calibration if the recipe has none. */
function* uncalibrated({ prune, recover }: ResolvedRecipe): Iterable<PlanFinding> {
  const step = prune.findIndex(stepNeedsData)
  const fitting = recover.findIndex(isBlockwise)
  if (step < 0 && fitting < 0) return
  const bySwaps = step >= 0 && !needsData(prune[step].method) && swapsWeights(prune[step])
  const path = step >= 0 ? ['prune', step, bySwaps ? 'swaps' : 'method'] : ['recover', fitting, 'mode']
  const why =
    step < 0
      ? { refit: 'Refitting', reconstruct: 'Reconstruction', retrain: '', merge: '' }[recover[fitting].mode]
      : bySwaps
        ? 'swaps'
        : needsData(prune[step].method)
          ? prune[step].method
          : isMeasured(prune[step].allocation)
            ? `allocation ${prune[step].allocation}`
            : `allocation ${prune[step].allocation} with a setting of ${tried}`
  const value = { data: 'path/to/text.jsonl', ...windowDefaults }
  yield refusal('data-not-named', path, `${why} needs calibration data: add calibration.`, {
    from: [['calibration'], path],
    fixes: [{ path: ['calibration'], value, title: 'Add calibration' }],
  })
}

/** Tokens per window above which to warn: memory grows fast, and PERP uses no longer windows. */
const long = 4096

function* longWindows(recipe: ResolvedRecipe, { config }: ModelView): Iterable<PlanFinding> {
  const { maxPositions: most, position } = config
  for (const { path: use, seqLen } of placesOf(dataUses(recipe))) {
    if (seqLen === null || seqLen <= Math.min(most, long)) continue
    const path = [...use, 'seq_len']
    const more = { unwritten: [...use, 'data'], fixes: [{ path, value: Math.min(most, long) }] }
    // A table of learned positions has no row past its end. Rotary positions go on, with worse results.
    yield seqLen > most
      ? refusal('seq-len-too-long', path, `This model has ${most} positions, ${seqLen} are needed: lower seq_len.`, {
          ...more,
          refused: position.kind === 'learned',
        })
      : warning(
          'seq-len-too-long',
          path,
          `Windows of ${seqLen} tokens take much memory: PERP uses at most ${long}.`,
          more,
        )
  }
}

/** Results that cannot be saved as the recipe asks. */
function* saveFindings({ save, recover }: ResolvedRecipe, model: ModelView | null): Iterable<PlanFinding> {
  if (save?.format !== 'gguf') return
  const [to, format] = ['to', 'format'].map((key) => ['save', key])
  const folder = save.to.replace(/\.gguf[\\/]*$/, '')
  if (folder !== save.to && folder !== '')
    yield refusal(
      'gguf-impossible',
      to,
      `save.to names the folder of the result; the GGUF file gets its name plus .gguf: write to: ${folder}.`,
      { from: [format], fixes: [{ path: to, value: folder }] },
    )
  if (!model) return
  const { config } = model
  const contents = ggufContents(recover.some(untiesHead) ? { ...config, tied: false } : config, () => undefined)
  if (typeof contents === 'string')
    yield refusal('gguf-impossible', format, `${contents[0].toUpperCase()}${contents.slice(1)}: remove format.`, {
      fixes: [{ path: format }],
    })
  else for (const said of contents.warnings) yield warning('gguf-impossible', format, `${said}.`)
}
