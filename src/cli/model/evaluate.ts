// sparsescope evaluate: perplexity of a model on a text or on ids, with its protocol stated; or a zero-shot task.
import { openCheckpoint } from '../../engine/checkpoint/checkpoint.ts'
import { EngineError } from '../../engine/errors.ts'
import { evaluatePerplexity } from '../../engine/evaluate/perplexity.ts'
import { openModel, unusedText } from '../../engine/model/model.ts'
import { watchMemory } from '../../engine/run/state/peakMemory.ts'
import { openIdTensor } from '../../engine/text/idTensor.ts'
import { loadWindows } from '../../engine/text/windows.ts'
import { formatBytes, megabyte, formatPerplexity, plural } from '../../formatting/numbers.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import { passTokens } from '../../plan/memory.ts'
import { taskOf, tasksWithData, type TaskName } from '../../catalog/tasks/tasks.ts'
import { computeWith } from './compute.ts'
import {
  precisionOption,
  type PrecisionOptions,
  memoryBytes,
  memoryOption,
  taskNamed,
  wholeNumber,
} from '../options.ts'
import { closing, command, type CommonOptions, type Context, type Outcome, runs } from '../command.ts'
import { evaluateQuestions } from './evaluateQuestions.ts'
import { evaluationWindows, placementText } from '../../engine/evaluate/evaluationWindows.ts'
import { addRowOptions, longOptionOf, settingsOf } from '../rowOptions.ts'
import { evaluateRows } from '../../recipe/settings/evaluate.ts'
import { idleKeys } from '../../recipe/settings/row.ts'

interface EvaluateOptions extends CommonOptions, PrecisionOptions {
  task: string
  data: string
  field?: string
  seqLen?: number
  limit?: number
  items?: boolean
  out?: string
  memory?: string
}

/** Longest default window in tokens, as in the published protocol. */
const longestDefault = 4096

export const evaluateCommand = addRowOptions(
  command('evaluate', 'measure perplexity on a text or on token ids, or accuracy on a zero-shot task', [
    'evaluate ../opt-125m --data wikitext2-test.txt --seq-len 2048',
    'evaluate ../opt-125m --data ids.safetensors --json',
    'evaluate ../opt-125m --task arc_easy --data arc_easy.jsonl --limit 500',
    'evaluate ../opt-125m --task arc_easy --data arc_easy.jsonl --out results',
  ]).argument('<model>', 'Hugging Face folder, or hf:org/name'),
  evaluateRows,
  wholeNumber,
)
  .option('--items', 'zero-shot tasks: also the log-likelihoods of every row, with --json')
  .addOption(precisionOption())
  .addOption(memoryOption())
  .action(
    runs(async (context, path: string, options: EvaluateOptions): Promise<Outcome> => {
      const task = taskNamed('--task', options.task, tasksWithData)
      refuseUseless(context, options, task)
      return taskOf(task).questions
        ? evaluateQuestions(context, path, { ...options, task })
        : measurePerplexity(context, path, options)
    }),
  )

async function measurePerplexity(context: Context, path: string, options: EvaluateOptions): Promise<Outcome> {
  await using checkpoint = closing(await openCheckpoint(path))
  const model = openModel(checkpoint.value)
  const unused = unusedText(model)
  if (unused) context.say(`warning: ${unused}`)
  const { data } = options
  const asked = { ...settingsOf(evaluateRows, options), data, seq_len: await windowLength(model.config, options) }
  const { folder } = checkpoint.value
  const { vocabSize } = model.config
  const set = await evaluationWindows(asked, (request) =>
    loadWindows({ ...request, folder, vocabSize, signal: context.signal }),
  )
  const sizes = { memoryBytes: memoryBytes(options.memory), tokensPerPass: Math.max(passTokens, set.seqLen) }
  const again = { remedy: 'use a smaller --seq-len' }
  const { result, info, precision } = await computeWith(context, model, options, sizes, again, async (decoder) => {
    const memory = watchMemory(() => decoder.backend.memory().usedBytes)
    try {
      await decoder.prepare()
      const measured = await evaluatePerplexity(decoder, set, {
        signal: context.signal,
        onProgress: (done, total) => context.progress({ what: 'perplexity', count: { done, total, unit: 'windows' } }),
      })
      return { ...measured, peak_memory_mb: memory.peakMb() }
    } finally {
      memory.stop()
    }
  })
  const { perplexity, tokens, windows, seqLen, seconds, peak_memory_mb } = result
  const speed = tokens / seconds
  const text = [
    `perplexity ${formatPerplexity(perplexity, 4)} on ${data}, context ${seqLen}`,
    `${plural(windows, 'window')} of ${seqLen} tokens ${placementText(asked)}`,
    `${tokens} tokens in ${seconds.toFixed(2)} s, ${Math.round(speed)} tokens/s, peak memory ${formatBytes(peak_memory_mb * megabyte)}, ${info.description}`,
  ].join('\n')
  const cost = { seconds, tokens_per_second: speed, peak_memory_mb }
  return { json: { perplexity, tokens, windows, seq_len: seqLen, ...cost, device: info.device, precision }, text }
}

/** @throws EngineError 'usage': an option that would do nothing. */
function refuseUseless(context: Context, options: EvaluateOptions, task: TaskName): void {
  const { questions } = taskOf(task)
  const known = { task, data: options.data, prunes: false, recoveries: [] }
  const given = settingsOf(evaluateRows, options)
  const idle = idleKeys(evaluateRows, given, known, []).find(({ path: [key] }) => Object.hasOwn(given, key))
  const option = idle ? longOptionOf(evaluateRows, String(idle.path[0])) : null
  if (idle && option !== null) context.refuseIdle([option], `has no effect ${idle.reason}: remove it`)
  if (!questions) context.refuseIdle(['--items'], `has no effect with task ${task}: remove it`)
  if (!options.json) context.refuseIdle(['--items'], 'adds to the JSON object: add --json')
}

/**
 * The requested length; else that of rows of ids; for other data the model's positions, at most 4096.
 * @throws EngineError 'usage' for windows that learned positions do not reach.
 */
async function windowLength({ position, maxPositions }: ModelConfig, options: EvaluateOptions): Promise<number> {
  const seqLen = options.seqLen ?? (await rowWidth(options)) ?? Math.min(maxPositions, longestDefault)
  if (position.kind === 'learned' && seqLen > maxPositions) {
    throw new EngineError(
      'usage',
      `windows of ${seqLen} tokens do not fit: the model has ${maxPositions} learned positions; use --seq-len ${maxPositions} at most`,
    )
  }
  if (seqLen < 2) throw new EngineError('usage', `--seq-len ${seqLen}: a window needs 2 tokens to predict one`)
  return seqLen
}

/** Ids in rows are windows already; a stream or a text has no width. */
async function rowWidth({ data, field }: EvaluateOptions): Promise<number | null> {
  if (!data.endsWith('.safetensors')) return null
  const tensor = await openIdTensor(data, field)
  await tensor.close()
  const { shape } = tensor
  return shape.length === 2 ? shape[1] : null
}
