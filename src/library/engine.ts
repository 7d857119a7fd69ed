// `import … from 'sparsescope/engine'`, or from 'sparsescope': the engine for programs that run in Node. Three functions do whole
// tasks: `openCheckpoint`, `runRecipe` and `evaluate`. The others are the parts that `evaluate` is made of.
import { resolve } from 'node:path'
import type { Checkpoint } from '../engine/checkpoint/checkpoint.ts'
import { openBackend, type OpenOptions } from '../engine/compute/open.ts'
import { planWithLess } from '../engine/compute/planWithLess.ts'
import { evaluatePerplexity, type Perplexity } from '../engine/evaluate/perplexity.ts'
import { defaultMemoryBytes } from '../engine/machine.ts'
import { openFor } from '../engine/model/computeIn.ts'
import { createDecoder } from '../engine/model/decoder.ts'
import { openModel } from '../engine/model/model.ts'
import { parseFile, type RecipeFile } from '../engine/run/open/recipeFile.ts'
import { runRecipe as runOf } from '../engine/run/runRecipe.ts'
import { loadWindows } from '../engine/text/windows.ts'
import { passTokens } from '../plan/memory.ts'
import type { PrecisionChoice } from '../recipe/modes.ts'
import type { Stage } from '../catalog/stages.ts'
import { EngineError } from '../errors.ts'
import { version } from '../system/version.ts'

export { openCheckpoint } from '../engine/checkpoint/checkpoint.ts'
export type { Checkpoint, CheckpointFile, TensorEntry } from '../engine/checkpoint/checkpoint.ts'
export { openFiles, type ByteRanges, type GivenFiles } from '../engine/checkpoint/openFiles.ts'
export { readF32Tensor } from '../engine/checkpoint/createCheckpoint.ts'
export { openBackend, type OpenOptions } from '../engine/compute/open.ts'
export type { Backend } from '../engine/compute/backend.ts'
export { openModel, type Model } from '../engine/model/model.ts'
export { createDecoder, type Decoder, type DecoderOptions } from '../engine/model/decoder.ts'
export { loadWindows, type Windows, type WindowsRequest } from '../engine/text/windows.ts'
export { evaluatePerplexity, type Perplexity, type PerplexityOptions } from '../engine/evaluate/perplexity.ts'
export { EngineError, type ErrorCode } from '../errors.ts'

/** The device and the memory of a task. */
export interface ComputeOptions extends Partial<OpenOptions> {
  /** Bytes of the host's memory to use; default: half of what is free. */
  readonly memoryBytes?: number
  /** What products are computed in; default: 'auto', as a recipe's `precision`. */
  readonly precision?: PrecisionChoice
  /** Ends the task with an EngineError 'cancelled'. */
  readonly signal?: AbortSignal
}

/** The results of a run. The full report is `report.json` in its folder. */
export interface RunResult {
  /** The run's folder: recipe, events, report.json and report.html. */
  readonly run: string
  /** Folder of the model that was saved; null where the recipe has no `save`. */
  readonly output: string | null
  /** Share of zeros among the weights of the blocks' linears, 0 to 1, by the masks. */
  readonly sparsity: number | null
  /** Perplexity at each stage that the recipe measures, by its first text. */
  readonly perplexity: Readonly<Partial<Record<Stage, number>>>
  /** Seconds of the whole run. */
  readonly seconds: number
  readonly warnings: readonly string[]
}

export interface RunRecipeOptions extends ComputeOptions {
  /** Values that replace the recipe's: `path=value`, as in `recover.steps=10`. */
  readonly settings?: readonly string[]
}

/**
 * Runs a recipe: prunes, recovers, measures and saves, as `sparsescope run` does. `recipe`: the path of a file, or the recipe itself
 * with the keys of docs/recipes.md; its paths are then relative to the working directory, and so is the run's folder,
 * `.sparsescope/runs/<time>-recipe`.
 * @throws EngineError 'bad-recipe' with the line, 'not-found', 'bad-checkpoint', 'bad-data', 'exists', 'disk' or 'unsupported' before
 * anything is computed; later 'out-of-memory', 'numeric', 'device-lost' or 'cancelled'. `sparsescope run --resume` continues such a run.
 */
export async function runRecipe(
  recipe: string | Readonly<Record<string, unknown>>,
  { settings = [], memoryBytes, precision, signal, device = 'auto', ...open }: RunRecipeOptions = {},
): Promise<RunResult> {
  const given = typeof recipe === 'string' ? { recipe, settings } : { recipe: parsed(recipe, settings) }
  const opens = () => openBackend({ device, ...open })
  const report = await runOf({ ...given, version, openBackend: opens, memoryBytes, precision, signal })
  const { run, output, sparsity, perplexity, seconds, warnings } = report
  return { run, output, sparsity, perplexity, seconds: seconds.total, warnings }
}

/** A recipe that is in no file, as one in the working directory. @throws EngineError 'bad-recipe'. */
function parsed(recipe: Readonly<Record<string, unknown>>, settings: readonly string[]): RecipeFile {
  const path = resolve('recipe.prune.yaml')
  try {
    return parseFile(path, JSON.stringify(recipe), settings)
  } catch (error) {
    if (!(error instanceof EngineError && error.message.startsWith(path))) throw error
    // Lines and columns refer to a text that the caller never saw.
    throw new EngineError(error.code, error.message.replace(/^.*?:\d+:\d+:/, 'the recipe:'), { cause: error })
  }
}

export interface EvaluateOptions extends ComputeOptions {
  /** Path of the data: .txt, .jsonl, .jsonl.gz, .parquet, or .safetensors with ids. */
  readonly data: string
  /** Column of text (default: 'text') or of conversations (default: 'messages'), or tensor of ids (default: the only integer one). */
  readonly field?: string
  /** Tokens of a window; may be left out only for ids of shape [windows, length]. */
  readonly seqLen?: number
  /** Windows to use, from the beginning of the data; default: all. */
  readonly samples?: number
}

/**
 * Perplexity of a checkpoint on a text, as `sparsescope evaluate` measures it: exp of the mean over windows of their mean negative
 * log-likelihood, in nats. The checkpoint stays open.
 * @throws EngineError 'bad-config' or 'unsupported' for a model that cannot be computed, 'usage' for counts that are not whole numbers
 * above 0, 'bad-data' for too little text, 'numeric' where the loss is not finite, 'out-of-memory' or 'cancelled'.
 */
export async function evaluate(checkpoint: Checkpoint, options: EvaluateOptions): Promise<Perplexity> {
  const { data, field, seqLen, samples, signal, memoryBytes = defaultMemoryBytes() } = options
  const { device = 'auto', adapter, threads, deviceMemory, precision } = options
  const model = openModel(checkpoint)
  const { vocabSize } = model.config
  const { folder } = checkpoint
  const windows = await loadWindows({
    path: data,
    field,
    seqLen,
    samples,
    purpose: 'evaluate',
    folder,
    vocabSize,
    signal,
  })
  const backend = await openFor(model, () => openBackend({ device, adapter, threads, deviceMemory }), precision)
  try {
    const tokensPerPass = Math.max(passTokens, windows.seqLen)
    const measure = async () => {
      const decoder = await createDecoder(backend, model, { memoryBytes, tokensPerPass })
      try {
        return await evaluatePerplexity(decoder, windows, { signal })
      } finally {
        await decoder.close()
      }
    }
    return await planWithLess(backend, measure, { remedy: 'use a smaller seqLen' })
  } finally {
    await backend.close()
  }
}
