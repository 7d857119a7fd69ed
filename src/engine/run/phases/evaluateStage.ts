// The measurements of a run: at its stages, and in between for the curve.
import { join } from 'node:path'
import type { ModelConfig } from '../../../catalog/families/modelConfig.ts'
import { passTokens } from '../../../plan/memory.ts'
import { andList } from '../../../formatting/lists.ts'
import { formatPerplexity } from '../../../formatting/numbers.ts'
import { isAskedAt } from '../../../plan/time.ts'
import type { Stage } from '../../../catalog/stages.ts'
import { recoveryPlace, type ResolvedEvaluation, type ResolvedRecipe } from '../../../recipe/resolve.ts'
import { encodeAnswers, type Answers } from '../../../runs/compared/answers.ts'
import { entryNames } from '../../../runs/series/texts.ts'
import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import { evaluatePerplexity, type PerplexityOptions } from '../../evaluate/perplexity.ts'
import { evaluateTask, pickedChoices, type TaskResult } from '../../evaluate/tasks/evaluateTask.ts'
import { writeHarnessFiles } from '../../evaluate/tasks/harnessFiles.ts'
import type { QuestionSet } from '../../evaluate/tasks/questions.ts'
import { tokensPerPassOf } from '../../evaluate/tasks/logLikelihoods.ts'
import { samplePrompts } from '../../generate/samplePrompts.ts'
import { createDecoder, type Decoder } from '../../model/decoder.ts'
import { openModel } from '../../model/model.ts'
import type { PassOptions } from '../../model/pass.ts'
import type { EvaluationData } from '../open/runData.ts'
import type { EvaluationResult } from '../state/progress.ts'
import type { RunSession } from '../state/session.ts'
import { shareBetween } from '../state/overall.ts'
import type { RunContext } from './runContext.ts'

/** A measurement in the middle of a recovery, which is numbered where the recipe has several. */
export type Between = Required<Pick<EvaluationResult, 'step'>> & Pick<EvaluationResult, 'recovery'>

/** Measures a saved state of the model by the entries of this stage that are not measured yet. */
export async function evaluateStage(
  context: RunContext,
  stage: Stage,
  checkpoint: Checkpoint,
  decoderBytes: number,
  between?: Between,
): Promise<void> {
  const { session, data } = context
  const due = dueEntries(session, stage, between)
  if (due.length === 0) return
  const measureAll = async () => {
    const sets = await Promise.all(due.map(({ evaluation }) => data.evaluation(evaluation)))
    const model = openModel(checkpoint)
    const tokensPerPass = Math.max(...sets.map((set) => tokensOf(set, model.config, decoderBytes)))
    // A generated token reads weights as they are stored.
    const packs = sets.every(({ kind }) => kind !== 'prompts')
    const options = { memoryBytes: decoderBytes, tokensPerPass, packs }
    const decoder = await createDecoder(session.backend, model, options)
    try {
      const total = sets.reduce((sum, { size }) => sum + size, 0)
      const unit = andList([...new Set(sets.map((set) => set.unit))])
      let before = 0
      for (const [i, entry] of due.entries()) {
        const onProgress = progressIn(session, before, total, unit)
        if (between) await measureBetween(context, entry, decoder, between)
        else await measure(context, entry, stage, decoder, { onProgress })
        before += sets[i].size
      }
    } finally {
      await decoder.close()
    }
  }
  await session.phase('evaluate', measureAll, between === undefined ? { part: `evaluate ${stage}` } : {})
}

/** Measures the model while it trains, adapters in place. */
export async function evaluateTraining(
  context: RunContext,
  decoder: Decoder,
  adapterOf: PassOptions['adapterOf'],
  between: Between,
): Promise<void> {
  const { session } = context
  await session.phase('evaluate', async () => {
    for (const entry of dueEntries(session, 'recovered', between))
      await measureBetween(context, entry, decoder, between, adapterOf)
  })
}

/** Reports windows as they are measured; between two groups of them a paused run waits. */
function progressIn(session: RunSession, before: number, total: number, unit: string) {
  return async (done: number): Promise<void> => {
    session.advance(before + done, total, unit)
    if (done < total) await session.pausePoint?.()
  }
}

/** Measures one entry in the middle of a recovery. Its progress counts as one share of all such measurements of the entry. */
async function measureBetween(
  context: RunContext,
  entry: Entry,
  decoder: Decoder,
  between: Between,
  adapterOf?: PassOptions['adapterOf'],
): Promise<void> {
  const { session, data } = context
  const set = await data.evaluation(entry.evaluation)
  const onProgress = progressIn(session, 0, set.size, set.unit)
  const { progress, recipe, model } = session
  const share = shareBetween(progress, recipe, model.config.numBlocks, entry.entry)
  await session.countAs(share, () => measure(context, entry, 'recovered', decoder, { adapterOf, onProgress }, between))
}

/** Warns of a recovery that made the model worse, and says what to change. */
export function warnOfWorse({ recipe, progress, warn }: RunSession): void {
  if (recipe.recover.length === 0) return
  const remedy = remedyOf(recipe)
  const final = (stage: Stage) => progress.evaluations.filter((e) => e.stage === stage && e.step === undefined)
  const names = entryNames(
    progress.evaluations.map((e) => ({ ...e, data: e.data ?? '', lossOn: e.loss_on, seqLen: e.seq_len ?? null })),
  )
  for (const pruned of final('pruned')) {
    const recovered = final('recovered').find((e) => e.entry === pruned.entry)
    const worse = recovered && whatIsWorse(pruned, recovered)
    if (!worse) continue
    const { what, from, to } = worse
    const on = names.get(pruned.entry) ?? pruned.task
    warn(`recovery ${what} on ${on} from ${from} to ${to}: ${remedy}`)
  }
}

/** Advice for the last recovery that trains, which is the most likely cause. */
function remedyOf(recipe: ResolvedRecipe): string {
  const last = recipe.recover.findLastIndex(({ train }) => train.length > 0)
  const place = recoveryPlace(recipe, Math.max(0, last))
  return last < 0
    ? `raise ${place}.dampening, or calibrate on more text`
    : `lower ${place}.lr (${recipe.recover[last].lr}) or take fewer steps`
}

/** Relative increase of the perplexity that rounding alone can cause. */
const perplexityRounding = 1e-4

/** A perplexity that rose, or an accuracy that fell by more than the standard error of the difference. */
export function whatIsWorse(pruned: Measured, recovered: Measured): { what: string; from: string; to: string } | null {
  if ((recovered.perplexity ?? 0) > (1 + perplexityRounding) * (pruned.perplexity ?? Infinity)) {
    const [from, to] = [pruned, recovered].map(({ perplexity = 0 }) => formatPerplexity(perplexity, 2))
    return { what: 'raised the perplexity', from, to }
  }
  if (pruned.acc === undefined || recovered.acc === undefined) return null
  const error = Math.hypot(pruned.stderr ?? Infinity, recovered.stderr ?? Infinity)
  if (pruned.acc - recovered.acc <= error) return null
  const [from, to] = [pruned, recovered].map(({ acc = 0, stderr }) => `${percent(acc)} ± ${percent(stderr ?? 0)} %`)
  return { what: 'lowered the accuracy', from, to }
}

type Measured = Pick<EvaluationResult, 'perplexity' | 'acc' | 'stderr'>

const percent = (share: number) => (100 * share).toFixed(1)

/** Entries of this stage that are not measured yet. Without `prune`, the source is the pruned model: `dense` and `pruned` both mean it. */
export function dueEntries({ recipe, progress }: RunSession, stage: Stage, between?: Between): Entry[] {
  const isAsked = (evaluation: ResolvedEvaluation) =>
    between ? isDue(evaluation, between.step) : isAskedAt(evaluation, stage, recipe)
  const isDone = (entry: number) =>
    progress.evaluations.some(
      (e) => e.entry === entry && e.stage === stage && e.step === between?.step && e.recovery === between?.recovery,
    )
  return recipe.evaluate.flatMap((evaluation, entry) =>
    isAsked(evaluation) && !isDone(entry) ? [{ entry, evaluation }] : [],
  )
}

/** Whether an entry is measured in the middle of a recovery, after `step` steps or blocks. */
export function isDue({ every }: ResolvedEvaluation, step: number): boolean {
  return every !== undefined && step % every === 0
}

/** An entry of the recipe's `evaluate`: its index names it, since two may share their data. */
interface Entry {
  readonly entry: number
  readonly evaluation: ResolvedEvaluation
}

async function measure(
  { session, data }: RunContext,
  { entry, evaluation }: Entry,
  stage: Stage,
  decoder: Decoder,
  pass: Pick<PerplexityOptions, 'adapterOf' | 'onProgress'>,
  between?: Between,
): Promise<void> {
  const { task } = evaluation
  const set = await data.evaluation(evaluation)
  const options = { ...pass, signal: session.signal }
  const { data: path, field, loss_on } = evaluation
  const shown = path !== undefined && { data: session.showPath(path) }
  const measured = {
    stage,
    entry,
    task,
    ...shown,
    ...(field !== undefined && { field }),
    ...(loss_on && { loss_on }),
    ...between,
  }
  if (set.kind === 'prompts') {
    const { samples, seconds } = await samplePrompts(decoder, set.prompts, options)
    note(session, { ...measured, samples, seconds })
    return
  }
  if (set.kind === 'questions') {
    const result = await evaluateTask(decoder, set.questions, options)
    const { acc, accNorm, perplexity, rows, seconds, scores } = result
    const figures = {
      acc: acc.value,
      ...(accNorm && { acc_norm: accNorm.value }),
      stderr: acc.stderr,
      ...(perplexity !== null && { perplexity }),
    }
    const answers = between === undefined ? answersOf(set.questions, scores) : null
    if (evaluation.out !== undefined && path !== undefined && between === undefined)
      await writeHarnessFiles({
        folder: join(evaluation.out, stage),
        task,
        path,
        limit: evaluation.limit,
        model: session.showPath(session.recipe.model),
        device: session.backend.info.device,
        result,
        now: new Date(),
        signal: session.signal,
      })
    note(session, { ...measured, ...figures, rows, ...(answers && { answers }), seconds })
    return
  }
  const { perplexity, tokens, windows, seqLen, seconds } = await evaluatePerplexity(decoder, set.windows, options)
  note(session, { ...measured, perplexity, tokens, windows, seq_len: seqLen, seconds })
}

/** The answer to each row, so that two runs can be compared row by row. */
function answersOf({ rules, questions }: QuestionSet, scores: TaskResult['scores']): Answers | null {
  return encodeAnswers(
    pickedChoices(rules, scores),
    questions.map(({ gold }) => gold),
  )
}

/** Adds a result to the progress and to the events. Events leave out time, amounts of data and the answers to single rows. */
function note({ progress, log }: RunSession, result: EvaluationResult): void {
  progress.evaluations.push(result)
  const { seconds: _seconds, tokens: _tokens, windows: _windows, rows: _rows, answers: _answers, ...rest } = result
  const { perplexity, ...told } = rest
  const value = perplexity !== undefined && Number.isFinite(perplexity) ? perplexity : null
  log.emit({ type: 'eval', ...told, ...(perplexity !== undefined && { perplexity: value }) })
}

/** Takes over the measurements that another run has made of the same model on the same data. */
export async function adopt(session: RunSession, stage: Stage, results: readonly EvaluationResult[]): Promise<void> {
  const take = async () => {
    for (const result of results) {
      // The same text may have another name in this run.
      const own = session.recipe.evaluate.at(result.entry)?.data
      note(session, { ...result, stage, ...(own !== undefined && { data: session.showPath(own) }) })
    }
  }
  await session.phase('evaluate', take, { part: `evaluate ${stage}` })
  await session.milestone()
}

/** Tokens of the largest batch. */
function tokensOf(set: EvaluationData, config: ModelConfig, decoderBytes: number): number {
  switch (set.kind) {
    case 'windows':
      return Math.max(passTokens, set.windows.seqLen)
    case 'questions':
      return tokensPerPassOf(set.questions.questions, config, decoderBytes)
    case 'prompts':
      return Math.max(passTokens, ...set.prompts.promptTokens)
  }
}
