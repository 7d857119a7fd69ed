// sparsescope prune: one pruning pass without recovery. It is a recipe written from options, run as any other.
import { saveFormats, type SaveFormat, saveRows } from '../recipe/settings/save.ts'
import { dirname, join, resolve } from 'node:path'
import { locate } from '../engine/checkpoint/locate.ts'
import { modelPath } from '../engine/checkpoint/hubCache.ts'
import { refuseOverlap } from '../engine/checkpoint/outputPlace.ts'
import { EngineError } from '../engine/errors.ts'
import type { RunReport } from '../engine/run/report/report.ts'
import { writeAtomic } from '../system/atomicFile.ts'
import { runRecipe } from '../engine/run/runRecipe.ts'
import { formatBytes, formatShare, megabyte } from '../formatting/numbers.ts'
import { needsData, type MethodName } from '../catalog/methods/methods.ts'
import type { RunEvent } from '../runs/series/events.ts'
import { command, runs, type CommonOptions, type Context, type Outcome } from './command.ts'
import { memoryBytes, memoryOption, precisionOption, refuseIdleField, type PrecisionOptions } from './options.ts'
import { createScratchFolder, removeDeadScratch, scratchRecipe } from './pruneScratch.ts'
import { runOptions } from './run.ts'
import { mapFiles } from '../recipe/dataFiles.ts'
import { calibrationRows } from '../recipe/settings/calibration.ts'
import { pruneRows } from '../recipe/settings/prune.ts'
import { recipeRows } from '../recipe/settings/recipe.ts'
import { anyNumber, addRowOptions, longOptionOf, settingsOf } from './rowOptions.ts'

interface PruneOptions extends CommonOptions, PrecisionOptions {
  method: MethodName
  format: SaveFormat
  memory?: string
  out: string
}

/** Rows of the recipe's settings that are options here, apart from model and precision. */
const { seed } = recipeRows
const rows = { ...pruneRows, ...calibrationRows, seed, ...saveRows }

export const pruneCommand = addRowOptions(
  command('prune', 'prune a model, without recovery', [
    'prune ../opt-125m --method magnitude --sparsity 0.5 --out ../opt-125m-half',
    'prune ../opt-125m --method wanda --pattern 2:4 --calibration c4.jsonl --samples 128 --seq-len 2048 --out ../opt-2of4',
    'prune ../opt-125m --method sparsegpt --sparsity 0.6 --calibration ids.safetensors --out ../opt-60 --json',
  ]).argument('<model>', 'Hugging Face folder, or hf:org/name'),
  rows,
  anyNumber,
)
  .addOption(precisionOption())
  .addOption(memoryOption())
  .action(
    runs(async (context, model: string, options: PruneOptions): Promise<Outcome> => {
      refuseUseless(context, options)
      await refuseOverlap(options.out, (await locate(model)).folder)
      const report = await runInScratch(context, recipeOf(model, options), options)
      const json = summaryOf(report)
      return { json, text: describe(json, options.format) }
    }),
  )

/** @throws EngineError 'usage': options that would do nothing. */
function refuseUseless(context: Context, o: PruneOptions): void {
  const { data } = settingsOf(calibrationRows, o)
  if (data !== undefined) return refuseIdleField(context, data)
  context.refuseIdle(['--field', '--samples', '--seq-len'], 'has no effect without data: add --calibration FILE')
}

/** The recipe of the options, with absolute paths. JSON is YAML. */
function recipeOf(model: string, o: PruneOptions): Record<string, unknown> {
  const step = settingsOf(pruneRows, o)
  const calibration = settingsOf(calibrationRows, o)
  const { data } = calibration
  if (step.sparsity === undefined && step.pattern === undefined)
    throw new EngineError('usage', 'specify how much to prune: --sparsity 0.5, or --pattern 2:4')
  const reader = needsData(o.method) ? `--method ${o.method}` : step.swaps ? '--swaps' : null
  if (reader && data === undefined)
    throw new EngineError('usage', `${reader} reads data: name a file with --calibration`)
  return {
    version: 1,
    model: modelPath('', model),
    prune: [step],
    calibration: data && { ...calibration, data: mapFiles(data, (file) => resolve(file)) },
    ...settingsOf({ seed }, o),
    precision: o.precision,
    save: { ...settingsOf(saveRows, o), to: resolve(o.out) },
  }
}

/** Runs a recipe in a scratch folder beside the output. The folder is removed however the run ends. */
async function runInScratch(context: Context, recipe: Record<string, unknown>, o: PruneOptions): Promise<RunReport> {
  const parent = dirname(resolve(o.out))
  const tidied = removeDeadScratch(parent, context.signal)
  const scratch = await createScratchFolder(parent)
  const path = join(scratch.path, scratchRecipe)
  try {
    await writeAtomic(path, [JSON.stringify(recipe, null, 2)])
    return await runRecipe({ ...runOptions(context, o, show), recipe: path, memoryBytes: memoryBytes(o.memory) })
  } catch (error) {
    throw withoutPlace(error, path)
  } finally {
    scratch.remove()
    await tidied
  }
}

/** The user did not write this recipe, and its run folder is gone: the error names the option instead of a place in the recipe. */
function withoutPlace(error: unknown, path: string): unknown {
  if (error instanceof EngineError && error.code === 'cancelled')
    return new EngineError('cancelled', 'cancelled; nothing was written', { cause: error })
  if (!(error instanceof EngineError)) return error
  const { code, message } = error
  const said = message.startsWith(path) ? message.slice(path.length).replace(/^[:\d]+ /, '') : message
  return new EngineError(code, withOption(said), { cause: error, reason: error.reason })
}

/** Names a setting as the user wrote it: `prune.0.pattern: …` and `samples: …` become `--pattern: …` and `--samples: …`. */
function withOption(message: string): string {
  return message.replace(/^(?:(?:prune\.0|calibration|save)\.)?(\w+)(?:\.\d+)?: /, (whole, key: string) => {
    const option = longOptionOf(rows, key)
    return option === null ? whole : `${option}: `
  })
}

/** `seq_len` within a sentence, but not within a path, as `--seq-len`. Keys of one word are also words of sentences, and stay. */
function withOptionNames(message: string): string {
  return message.replace(/(?<![\w./\\-])[a-z]+_[a-z_]+(?![\w/\\-]|\.\w)/g, (key) => longOptionOf(rows, key) ?? key)
}

function show(context: Context, event: RunEvent): void {
  if (event.type === 'warning') context.say(`warning: ${withOptionNames(event.message)}`)
}

function summaryOf(report: RunReport) {
  const tensors = report.blocks.flatMap(({ block, modules }) =>
    Object.entries(modules).map(([name, { sparsity, zeros }]) => ({ name: `${name}.weight`, block, zeros, sparsity })),
  )
  return {
    output: report.output,
    sparsity: report.sparsity,
    tensors,
    seconds: report.seconds.total,
    peak_memory_mb: report.peak_memory_mb,
    device: report.device.device,
    warnings: report.warnings,
  }
}

function describe(
  { output, sparsity, tensors, seconds, peak_memory_mb, device }: ReturnType<typeof summaryOf>,
  format: SaveFormat,
): string {
  const share = sparsity === null ? 'unknown' : formatShare(sparsity)
  const pruned = tensors.filter(({ zeros }) => zeros > 0).length
  return `${share} of the weights of the ${tensors.length} linears in the blocks are pruned (${pruned} linears), in ${seconds.toFixed(1)} s on ${device}, peak memory ${formatBytes(peak_memory_mb * megabyte)}\nSaved to ${output}: ${saveFormats[format].result}`
}
