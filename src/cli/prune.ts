// sparsescope prune: one pruning pass without recovery. It is a recipe written from options, run as any other.
import { defaultSaveFormat, saveFormatNames, saveFormats, type SaveFormat } from '../recipe/saveFormats.ts'
import { InvalidArgumentError, Option } from 'commander'
import { dirname, join, resolve } from 'node:path'
import { locate } from '../engine/checkpoint/locate.ts'
import { modelPath } from '../engine/checkpoint/hubCache.ts'
import { refuseOverlap } from '../engine/checkpoint/outputPlace.ts'
import { EngineError } from '../engine/errors.ts'
import type { RunReport } from '../engine/run/report/report.ts'
import { writeAtomic } from '../system/atomicFile.ts'
import { runRecipe } from '../engine/run/runRecipe.ts'
import { allocationNames } from '../catalog/allocations/allocations.ts'
import { formatBytes, formatShare, megabyte } from '../formatting/numbers.ts'
import { andList } from '../formatting/lists.ts'
import { methodKeyNames, methodKeys, type MethodKey } from '../catalog/methods/keys.ts'
import {
  defaultScope,
  methodNames,
  methodsWith,
  methodsWithData,
  needsData,
  type MethodName,
} from '../catalog/methods/methods.ts'
import type { RunEvent } from '../runs/series/events.ts'
import { command, runs, type CommonOptions, type Context, type Outcome } from './command.ts'
import { memoryBytes, memoryOption, precisionOption, type PrecisionOptions } from './options.ts'
import { createScratchFolder, removeDeadScratch, scratchRecipe } from './pruneScratch.ts'
import { runOnDevice } from './run.ts'

interface PruneOptions extends CommonOptions, PrecisionOptions {
  method: MethodName
  sparsity?: number[]
  allocation?: string
  pattern?: string
  scope?: string
  selection?: string
  targets?: string[]
  ignore?: string[]
  calibration?: string[]
  field?: string
  samples?: number
  seqLen?: number
  seed: number
  maxShard?: string
  format: SaveFormat
  memory?: string
  out: string
}

const byRow = methodNames.filter((name) => defaultScope(name, undefined) === 'row')

export const pruneCommand = command('prune', 'prune a model, without recovery', [
  'prune ../opt-125m --method magnitude --sparsity 0.5 --out ../opt-125m-half',
  'prune ../opt-125m --method wanda --pattern 2:4 --calibration c4.jsonl --samples 128 --seq-len 2048 --out ../opt-2of4',
  'prune ../opt-125m --method sparsegpt --sparsity 0.6 --calibration ids.safetensors --out ../opt-60 --json',
])
  .argument('<model>', 'Hugging Face folder')
  .addOption(new Option('--method <method>', 'how weights are scored').choices(methodNames).makeOptionMandatory())
  .option('--sparsity <s...>', 'share of the weights to prune, 0 to 1; several are spread over depth', numbers)
  .addOption(
    new Option('--allocation <name>', 'how one sparsity is spread over the blocks (default: uniform)').choices(
      allocationNames,
    ),
  )
  .option('--pattern <N:M>', 'N zeros in each M consecutive inputs, such as 2:4 (default: unstructured)')
  .addOption(
    new Option(
      '--scope <scope>',
      `group in which weights compete (default: row for ${andList(byRow)}, else tensor; tensor with --selection perp)`,
    ).choices(['tensor', 'row', 'global']),
  )
  .addOption(
    new Option('--selection <rule>', 'exact counts, or the threshold of the published code').choices(['exact', 'perp']),
  )
  .option('--targets <name...>', 'class, module name or re:pattern (default: Linear, all linears of the blocks)')
  .option('--ignore <name...>', 'what to leave dense, written the same way')
  .option(
    '--calibration <file>',
    `.txt, .jsonl(.gz), .parquet, or .safetensors with ids; for ${andList(methodsWithData)}; repeat it for several files, which give equal parts`,
    (file: string, before: string[] = []) => [...before, file],
  )
  .option('--field <name>', 'text column, or tensor of ids')
  .option('--samples <n>', 'calibration windows', number)
  .option('--seq-len <n>', 'tokens in a window', number)
  .option('--seed <n>', 'seed of random pruning and of drawn windows', number, 0)
  .option('--max-shard <size>', 'largest weight file to write, such as 5GB')
  .addOption(
    new Option('--format <format>', 'how to store the pruned weights')
      .choices(saveFormatNames)
      .default(defaultSaveFormat),
  )
  .addOption(precisionOption())
  .addOption(memoryOption())
  .requiredOption('--out <folder>', 'folder to write; it must not exist')
  .action(
    runs(async (context, model: string, options: PruneOptions): Promise<Outcome> => {
      await refuseOverlap(options.out, (await locate(model)).folder)
      const report = await runInScratch(context, recipeOf(model, options), options)
      const json = summaryOf(report)
      return { json, text: describe(json, options.format) }
    }),
  )

for (const key of methodKeyNames) {
  const takers = methodsWith(key)
  pruneCommand.option(`${optionOf(key)} <n>`, `${andList(takers)}: ${methodKeys[key].option}`, number)
}

function optionOf(key: MethodKey): string {
  return `--${key.replaceAll('_', '-')}`
}

/** The options that are a method's own keys; commander names them in camel case. */
function settingsOf(options: PruneOptions): Record<string, number> {
  const given = new Map<string, unknown>(Object.entries(options))
  return Object.fromEntries(
    methodKeyNames.flatMap((key) => {
      const value = given.get(new Option(optionOf(key)).attributeName())
      return typeof value === 'number' ? [[key, value]] : []
    }),
  )
}

/** The recipe for the options; paths are absolute. JSON is YAML. */
function recipeOf(model: string, o: PruneOptions): Record<string, unknown> {
  if (o.sparsity === undefined && o.pattern === undefined)
    throw new EngineError('usage', 'say how much to prune: --sparsity 0.5, or --pattern 2:4')
  if (needsData(o.method) && o.calibration === undefined)
    throw new EngineError('usage', `--method ${o.method} looks at data: give some with --calibration`)
  const sparsity = o.sparsity?.length === 1 ? o.sparsity[0] : o.sparsity
  const { method, allocation, pattern, scope, selection, targets, ignore } = o
  const step = { method, sparsity, allocation, pattern, scope, selection, ...settingsOf(o), targets, ignore }
  const files = o.calibration?.map((file) => resolve(file))
  const data = files?.length === 1 ? files[0] : files
  const calibration = data && { data, field: o.field, samples: o.samples, seq_len: o.seqLen }
  return {
    version: 1,
    model: modelPath('', model),
    prune: [step],
    calibration,
    seed: o.seed,
    precision: o.precision,
    save: { to: resolve(o.out), max_shard: o.maxShard, format: o.format },
  }
}

/** Runs a recipe in a folder beside the output, which goes when the run ends, however it ends. */
async function runInScratch(context: Context, recipe: Record<string, unknown>, o: PruneOptions): Promise<RunReport> {
  const parent = dirname(resolve(o.out))
  const tidied = removeDeadScratch(parent, context.signal)
  const scratch = await createScratchFolder(parent)
  const path = join(scratch.path, scratchRecipe)
  try {
    await writeAtomic(path, [JSON.stringify(recipe, null, 2)])
    return await runOnDevice(context, o, show, (given) =>
      runRecipe({ ...given, recipe: path, memoryBytes: memoryBytes(o.memory) }),
    )
  } catch (error) {
    throw withoutPlace(error, path)
  } finally {
    scratch.remove()
    await tidied
  }
}

/** Nobody wrote this recipe, and its run folder is gone: the error names the option instead of a place in the recipe. */
function withoutPlace(error: unknown, path: string): unknown {
  if (error instanceof EngineError && error.code === 'cancelled')
    return new EngineError('cancelled', 'cancelled; nothing was written', { cause: error })
  if (!(error instanceof EngineError)) return error
  const { code, message } = error
  const said = message.startsWith(path) ? message.slice(path.length).replace(/^[:\d]+ /, '') : message
  return new EngineError(code, withOption(said), { cause: error, reason: error.reason })
}

/** Keys of the recipe that options name otherwise. */
const otherwise: Readonly<Record<string, string>> = { data: 'calibration', to: 'out' }

/** `prune.0.pattern: …`, `samples: …` as the person wrote them: `--pattern: …`. */
function withOption(message: string): string {
  return message.replace(/^(?:(?:prune\.0|calibration|save)\.)?(\w+)(?:\.\d+)?: /, (whole, key: string) => {
    const option = `--${(otherwise[key] ?? key).replaceAll('_', '-')}`
    return pruneCommand.options.some(({ long }) => long === option) ? `${option}: ` : whole
  })
}

function show(context: Context, event: RunEvent): void {
  if (event.type === 'warning') context.say(`warning: ${event.message}`)
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

function number(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new InvalidArgumentError('It must be a number.')
}

function numbers(text: string, earlier: number[] | undefined): number[] {
  return [...(earlier ?? []), ...text.split(',').map(number)]
}
