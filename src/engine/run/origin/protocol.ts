// How the numbers of a recipe are measured: context lengths, windows, calibration set, seed.
import { andList } from '../../../formatting/lists.ts'
import { filesOf, type DataFiles } from '../../../recipe/dataFiles.ts'
import type { ResolvedEvaluation, ResolvedRecipe, ResolvedRecover } from '../../../recipe/resolve.ts'
import { taskOf } from '../../../catalog/tasks/tasks.ts'
import { plural } from '../../../formatting/numbers.ts'
import { placementText } from '../../evaluate/evaluationWindows.ts'

/** Says in sentences how the numbers were measured. */
export function protocolOf({ evaluate, calibration, recover, seed }: ResolvedRecipe): string[] {
  const sentences = evaluate.map(evaluationSentence)
  if (calibration)
    sentences.push(
      `Calibration on ${dataText(calibration.data)}: ${plural(calibration.samples, 'window')} of ${calibration.seq_len} tokens.`,
    )
  sentences.push(...recover.map(recoverySentence), `Seed ${seed}.`)
  return sentences
}

/** Which windows of a text are measured; without `samples`, all. */
export function windowsText({
  samples,
  seq_len: seqLen = 0,
  stride = seqLen,
}: Pick<ResolvedEvaluation, 'samples' | 'seq_len' | 'stride'>): string {
  const windows = `windows of ${seqLen} tokens`
  if (samples === undefined) return windows
  // `samples` counts the text without overlap: windows that overlap are more.
  return stride === seqLen ? `the first ${samples} ${windows}` : `the first ${samples * seqLen} tokens in ${windows}`
}

function dataText(data: DataFiles | undefined): string {
  const files = filesOf(data)
  return files.length > 1 ? `${andList(files)} in equal parts` : (files.at(0) ?? 'no data')
}

function evaluationSentence(evaluation: ResolvedEvaluation) {
  const { task, data, field, limit, prompts, max_tokens: maxTokens } = evaluation
  const { questions, title } = taskOf(task)
  if (prompts) return `${title}: greedy decoding, at most ${maxTokens} tokens after each prompt.`
  return questions
    ? `${title} on ${data}: ${limit === undefined ? 'all' : `the first ${limit}`} rows, zero-shot, scored as lm-evaluation-harness does; accuracy with one standard error.`
    : `${title} on ${data}${field === undefined ? '' : ` (${field})`}: ${windowsText(evaluation)} ${placementText(evaluation)}.`
}

function recoverySentence(recover: ResolvedRecover): string {
  const { mode, steps, batch_size: batchSize, grad_accumulation: gradAccumulation } = recover
  const windows = batchSize * gradAccumulation
  switch (mode) {
    case 'retrain':
      return `Retraining on ${dataText(recover.data)}: ${plural(steps, 'step')} of ${plural(windows, 'window')} of up to ${recover.seq_len} tokens.`
    case 'reconstruct':
      return `Reconstruction: ${plural(steps, 'step')} of ${plural(windows, 'window')} for ${recover.window === 'submodule' ? 'the attention and again for the MLP of each block' : 'each block'}.`
    case 'refit':
      return `Refit: least squares of the kept weights of each linear on the calibration windows, ${steps} conjugate gradients, dampening ${recover.dampening}.`
    case 'merge':
      return `Merge: the LoRA in ${recover.adapter ?? 'no folder'}, trained elsewhere, added under the mask, in f32.`
  }
}
