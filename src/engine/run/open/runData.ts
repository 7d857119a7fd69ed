// The data of a run as windows of ids, each file read and tokenised once.
import { realpath } from 'node:fs/promises'
import type { ResolvedEvaluation, ResolvedRecover } from '../../../recipe/resolve.ts'
import { taskOf } from '../../../catalog/tasks/tasks.ts'
import { evaluationWindows } from '../../evaluate/evaluationWindows.ts'
import { loadQuestions, unansweredText, type QuestionSet } from '../../evaluate/tasks/questions.ts'
import { readPrompts, type PromptSet } from '../../generate/samplePrompts.ts'
import { type Windows, type WindowsRequest, padRows, requireRoom } from '../../text/windows.ts'
import { writingTokens } from '../../../plan/textTokens.ts'
import { filesOf, evenShare } from '../../../recipe/dataFiles.ts'
import { requireBatches } from '../../recover/batches.ts'
import type { RunSession } from '../state/session.ts'
import { windowsOf } from './sharedWindows.ts'
import { EngineError } from '../../errors.ts'

export interface RunData {
  /** null when the run reads no calibration data. */
  readonly calibration: Windows | null
  /** Windows of each recovery that retrains; null for the others. */
  readonly training: readonly (Windows | null)[]
  evaluation(evaluation: ResolvedEvaluation): Promise<EvaluationData>
}

interface Sized {
  /** Size in `unit`, as progress events count it. */
  readonly size: number
  readonly unit: 'windows' | 'rows' | 'tokens'
  /** Tokens from which the time of a pass over the data is estimated. */
  readonly tokens: number
}

/** Data that an entry measures on. */
export type EvaluationData = Sized &
  (
    | { readonly kind: 'windows'; readonly windows: Windows }
    | { readonly kind: 'questions'; readonly questions: QuestionSet }
    | { readonly kind: 'prompts'; readonly prompts: PromptSet }
  )

/** Reads everything now: a missing file or too little text is found before hours of work. */
export async function readData(session: RunSession): Promise<RunData> {
  const { recipe, model, source, plan, signal } = session
  const load = (request: Pick<WindowsRequest, 'path' | 'field' | 'samples' | 'seqLen' | 'purpose' | 'lossOn'>) =>
    windowsOf(session, {
      ...request,
      seed: recipe.seed,
      folder: source.folder,
      vocabSize: model.config.vocabSize,
      signal,
      onProgress: (done, total) => session.advance(done, total, 'documents'),
    })
  const { calibration } = recipe
  const evaluations = new Map<string, EvaluationData>()
  const readEvaluation = async (e: ResolvedEvaluation): Promise<EvaluationData> => {
    const { task, data: path, limit } = e
    const { folder } = source
    if (path === undefined) {
      const prompts = await readPrompts(e, { folder, config: model.config, signal })
      const { promptTokens, maxTokens } = prompts
      const size = promptTokens.length * maxTokens
      return { kind: 'prompts', prompts, size, unit: 'tokens', tokens: writingTokens(promptTokens, maxTokens) }
    }
    if (!taskOf(task).questions) {
      const windows = await evaluationWindows({ ...e, data: path }, load)
      const { windows: size, seqLen } = windows
      return { kind: 'windows', windows, size, unit: 'windows', tokens: size * seqLen }
    }
    const { vocabSize, maxPositions: maxLength } = model.config
    const questions = await loadQuestions({ task, path, limit, folder, vocabSize, maxLength, signal })
    const unanswered = unansweredText(questions)
    if (unanswered) session.warn(unanswered)
    return { kind: 'questions', questions, size: questions.questions.length, unit: 'rows', tokens: questions.tokens }
  }
  const evaluation = async (e: ResolvedEvaluation) => {
    const { at: _at, every: _every, out: _out, ...asked } = e
    const key = JSON.stringify(asked)
    const known = evaluations.get(key) ?? (await readEvaluation(e))
    evaluations.set(key, known)
    return known
  }
  const trainings = new Map<string, Windows>()
  const loadMixed = (
    {
      data,
      field,
      samples,
      seq_len: seqLen,
      loss_on: lossOn,
    }: Pick<ResolvedRecover, 'data' | 'field' | 'samples' | 'seq_len' | 'loss_on'>,
    purpose: WindowsRequest['purpose'],
  ) =>
    mixedWindows(filesOf(data), { samples, seqLen }, (path, share) =>
      load({ path, field, samples: share, seqLen, purpose, lossOn }),
    )
  const readTraining = async (recovery: ResolvedRecover) => {
    const { mode, data, field, samples, seq_len: seqLen, loss_on: lossOn } = recovery
    if (mode !== 'retrain' || data === undefined) return null
    const key = JSON.stringify([data, field, samples, seqLen, lossOn])
    const known = trainings.get(key) ?? (await loadMixed(recovery, 'retrain'))
    trainings.set(key, known)
    return known
  }
  return session.phase('read', async () => {
    for (const one of recipe.evaluate) await evaluation(one)
    const read = {
      evaluation,
      calibration: plan.needsCalibration && calibration ? await loadMixed(calibration, 'calibration') : null,
      training: await inOrder(plan.recoveries, ({ settings }) => readTraining(settings)),
    }
    for (const [i, { settings, place }] of plan.recoveries.entries()) {
      const shown = read.training[i] ?? read.calibration
      if (shown) requireBatches(shown.windows, settings.batch_size, settings.grad_accumulation, place)
    }
    return read
  })
}

async function inOrder<T, R>(items: readonly T[], each: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of items) results.push(await each(item))
  return results
}

/**
 * `samples` windows in equal parts from the files: the first window of each, then the second of each, and so on.
 * Every stretch of the result has equal parts of all files.
 * `load` gives that many windows of a file, all of the same length. @throws EngineError 'usage' for a file that is named twice.
 */
export async function mixedWindows(
  files: readonly string[],
  { samples, seqLen }: { samples: number; seqLen: number },
  load: (path: string, samples: number) => Promise<Windows>,
): Promise<Windows> {
  if (files.length === 1) return load(files[0], samples)
  await refuseRepeats(files)
  requireRoom(samples, seqLen, files.join(', '))
  const parts: Windows[] = []
  for (const [i, path] of files.entries()) parts.push(await load(path, evenShare(samples, files.length, i)))
  const mixed = (valuesOf: (part: Windows) => Int32Array) => {
    const rows = parts.map((part) => rowsOf(part, valuesOf(part)))
    return Array.from({ length: samples }, (_, r) => rows[r % files.length][Math.floor(r / files.length)])
  }
  const labelled = parts.some(({ labels }) => labels !== null)
  const given = labelled ? mixed(({ ids, labels }) => labels ?? ids) : undefined
  return padRows(
    mixed(({ ids }) => ids),
    seqLen,
    given,
  )
}

/** A file under two names, as through a link, would give the same windows twice. */
async function refuseRepeats(files: readonly string[]): Promise<void> {
  const places = await Promise.all(files.map((path) => realpath(path).catch(() => path)))
  const at = places.findIndex((place, i) => places.indexOf(place) < i)
  if (at >= 0)
    throw new EngineError(
      'usage',
      `${files[places.indexOf(places[at])]} and ${files[at]} are one file: name each file once`,
    )
}

/** Each window's row of `values` [windows, seqLen] without its padding. */
function rowsOf({ mask, windows, seqLen }: Windows, values: Int32Array): Int32Array[] {
  return Array.from({ length: windows }, (_, w) => {
    const end = (w + 1) * seqLen
    const length = mask?.subarray(w * seqLen, end).reduce((a, b) => a + b, 0) ?? seqLen
    return values.subarray(w * seqLen, w * seqLen + length)
  })
}
