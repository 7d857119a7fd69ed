// The part of `sparsescope evaluate` that measures a zero-shot task.
import { openCheckpoint } from '../../engine/checkpoint/checkpoint.ts'
import { refuseInside } from '../../engine/checkpoint/outputPlace.ts'
import { requireWritable } from '../../system/makeFolders.ts'
import { evaluateTask, type Figure, type TaskResult } from '../../engine/evaluate/tasks/evaluateTask.ts'
import { writeHarnessFiles } from '../../engine/evaluate/tasks/harnessFiles.ts'
import { loadQuestions, unansweredText, type QuestionSet } from '../../engine/evaluate/tasks/questions.ts'
import { tokensPerPassOf } from '../../engine/evaluate/tasks/logLikelihoods.ts'
import { openModel, unusedText } from '../../engine/model/model.ts'
import { formatAccuracy, formatPerplexity, plural } from '../../formatting/numbers.ts'
import { taskOf, type TaskName } from '../../catalog/tasks/tasks.ts'
import { computeWith } from './compute.ts'
import { type PrecisionOptions, memoryBytes } from '../options.ts'
import { closing, type CommonOptions, type Context, type Outcome } from '../command.ts'
import { version } from '../../system/version.ts'
import { shortPath } from '../run.ts'

interface QuestionOptions extends CommonOptions, PrecisionOptions {
  task: TaskName
  data: string
  limit?: number
  items?: boolean
  out?: string
  memory?: string
}

export async function evaluateQuestions(context: Context, path: string, options: QuestionOptions): Promise<Outcome> {
  const { task, data, limit } = options
  const { signal } = context
  await using checkpoint = closing(await openCheckpoint(path))
  if (options.out !== undefined) {
    await refuseInside(options.out, checkpoint.value.folder, 'it belongs to the model, which is never changed')
    await requireWritable(options.out)
  }
  const model = openModel(checkpoint.value)
  const unused = unusedText(model)
  if (unused) context.say(`warning: ${unused}`)
  const set = await loadQuestions({
    task,
    path: data,
    limit,
    folder: checkpoint.value.folder,
    vocabSize: model.config.vocabSize,
    maxLength: model.config.maxPositions,
    signal,
  })
  const warning = unansweredText(set)
  if (warning) context.say(`warning: ${warning}`)
  const bytes = memoryBytes(options.memory)
  const sizes = { memoryBytes: bytes, tokensPerPass: tokensPerPassOf(set.questions, model.config, bytes) }
  const again = { remedy: 'use a smaller model' }
  const { result, info, precision } = await computeWith(context, model, options, sizes, again, async (decoder) => {
    await decoder.prepare()
    return evaluateTask(decoder, set, {
      signal,
      onProgress: (done, total) => context.progress({ what: task, count: { done, total, unit: 'rows' } }),
    })
  })
  const files =
    options.out === undefined
      ? null
      : await writeHarnessFiles({
          folder: options.out,
          task,
          path: data,
          limit,
          model: path,
          device: info.device,
          version,
          result,
          now: new Date(),
          signal,
        })
  const json = {
    task,
    acc: result.acc.value,
    acc_norm: result.accNorm?.value ?? null,
    stderr: result.acc.stderr,
    ...(result.accNorm && { acc_norm_stderr: result.accNorm.stderr }),
    ...(result.perplexity !== null && { perplexity: result.perplexity }),
    rows: result.rows,
    without_answer: set.unanswered.count,
    seconds: result.seconds,
    device: info.device,
    precision,
    ...(files && { files }),
    ...(options.items && { items: itemsOf(set, result) }),
  }
  const wrote = files ? `\nwrote ${shortPath(files.results)}\nwrote ${shortPath(files.samples)}` : ''
  return { json, text: describe(set, result, data, info.description) + wrote }
}

/** One item per row, in file order; `gold` is null where the row has no answer. */
function itemsOf({ questions }: QuestionSet, { scores }: TaskResult) {
  return questions.map(({ choices, gold }, i) => ({
    loglikelihoods: scores[i].map(({ logLikelihood }) => logLikelihood),
    tokens: choices.map(({ predicted }) => predicted),
    gold,
  }))
}

function describe(set: QuestionSet, result: TaskResult, data: string, device: string): string {
  const figure = (name: string, { value, stderr }: Figure) => `${name} ${formatAccuracy(value, stderr)}`
  const figures = [
    figure('accuracy', result.acc),
    ...(result.accNorm ? [figure('by length', result.accNorm)] : []),
    ...(result.perplexity === null ? [] : [`perplexity ${formatPerplexity(result.perplexity, 4)}`]),
  ]
  return [
    `${taskOf(set.task).title}: ${figures.join(', ')} on ${data}`,
    `zero-shot, as lm-evaluation-harness scores it; ${plural(result.rows, 'row')}, ± is one standard error`,
    `${result.seconds.toFixed(2)} s, ${device}`,
  ].join('\n')
}
