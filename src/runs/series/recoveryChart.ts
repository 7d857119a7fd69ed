// Dense, pruned and recovered on one axis: how much of the gap recovery has closed, also during the run.
import { accuraciesOf } from './accuracies.ts'
import { entryNames, gapWonBack, judgedEntry } from './texts.ts'
import { stages, type Stage } from '../../catalog/stages.ts'
import type { Evaluation, RunPicture } from './foldRun.ts'
import { formatAccuracy, formatCount, formatValue, formatWonBack } from '../../formatting/numbers.ts'
import { isBlockwise } from '../../recipe/modes.ts'
import { followsPruning, modesOf } from './recoveries.ts'

export interface StageMark {
  /** Infinity: it overflows. null: there is none. */
  readonly value: number | null
  readonly text: string
  /** "400 steps", "12 of 30 blocks": progress of the recovery; null at its end. */
  readonly after: string | null
  /** Blocks that the recovery has not reached are still dense: the value does not show what pruning cost. */
  readonly partial?: boolean
}

export interface RecoveryChart {
  /** "perplexity on wikitext2-test.txt". */
  readonly name: string
  /** The text or task that was measured, such as "wikitext2-test.txt"; empty if unknown. */
  readonly on: string
  readonly better: 'low' | 'high'
  readonly marks: Partial<Record<Stage, StageMark>>
  /** Stages that the recipe will still measure; empty after the end of the run. */
  readonly planned: readonly Stage[]
  /** Share of the gap that recovery has closed; null if unknown. */
  readonly wonBack: number | null
  /** The chart in one sentence. */
  readonly words: string
}

export function recoveryChartTitle(picture: RunPicture): string {
  return modesOf(picture).length > 0 ? 'Cost of pruning, before and after recovery' : 'Cost of pruning'
}

/** At least one chart: one for each text with perplexity, the judged text first, then one for the mean accuracy over the tasks. */
export function recoveryChartsOf(picture: RunPicture): RecoveryChart[] {
  const { evaluations } = picture
  const texts = evaluations.filter(({ accuracy }) => accuracy === null)
  const judged = judgedEntry(texts)
  const names = [...entryNames(texts)].sort(([a], [b]) => Number(b === judged) - Number(a === judged) || a - b)
  const charts = names.map(([entry, name]) => {
    const marks = marksOf(
      picture,
      texts.filter((one) => one.entry === entry),
    )
    const on = texts.some(({ entry: one, data }) => one === entry && data !== '') ? name : ''
    return chartOf(picture, {
      name: names.length > 1 ? `perplexity on ${name}` : 'perplexity',
      on,
      better: 'low',
      marks,
    })
  })
  const scored = evaluations.filter(({ accuracy }) => accuracy !== null)
  const { stages, tasks } = accuraciesOf(scored)
  if (tasks.length > 0) {
    const marks: RecoveryChart['marks'] = {}
    for (const [stage, mean] of Object.entries(stages)) {
      const last = scored.findLast((one) => one.stage === stage)
      marks[stage as Stage] = {
        value: mean.acc,
        text: formatAccuracy(mean.acc, mean.stderr),
        ...(last ? placeOf(picture, last) : { after: null }),
      }
    }
    const name = tasks.length > 1 ? `mean accuracy of ${tasks.length} tasks` : 'accuracy'
    const on = tasks.length > 1 ? `${tasks.length} tasks` : tasks[0].name
    charts.push(chartOf(picture, { name, on, better: 'high', marks }))
  }
  return charts.length > 0 ? charts : [chartOf(picture, { name: 'perplexity', on: '', better: 'low', marks: {} })]
}

function marksOf(picture: RunPicture, measured: readonly Evaluation[]): RecoveryChart['marks'] {
  const marks: RecoveryChart['marks'] = {}
  for (const one of measured) {
    // A measurement at the end replaces all others.
    if (one.step !== undefined && marks[one.stage]?.after === null) continue
    marks[one.stage] = { value: one.perplexity, text: formatValue(one.perplexity), ...placeOf(picture, one) }
  }
  return marks
}

/** The progress of a recovery at a measurement. */
export function placeOf(picture: RunPicture, { step, recovery = 0 }: Evaluation): Pick<StageMark, 'after' | 'partial'> {
  if (step === undefined) return { after: null }
  const mode = modesOf(picture)[recovery] ?? ''
  if (!isBlockwise({ mode })) return { after: `${formatCount(step)} steps` }
  return { after: `${step} of ${picture.numBlocks} blocks`, partial: followsPruning(picture, recovery) }
}

function chartOf(picture: RunPicture, measured: Omit<RecoveryChart, 'planned' | 'wonBack' | 'words'>): RecoveryChart {
  const { better, marks } = measured
  const values: Partial<Record<Stage, number>> = {}
  for (const [stage, mark] of Object.entries(marks))
    if (mark.value !== null && !mark.partial) values[stage as Stage] = mark.value
  const { plan, end } = picture
  const planned = stages.filter((stage) => plan && !end && plan.measures.includes(stage) && !marks[stage])
  const known = { ...measured, planned, wonBack: gapWonBack(values, better) }
  return { ...known, words: wordsOf(picture, known) }
}

function wordsOf(picture: RunPicture, { name, on, better, marks, wonBack }: Omit<RecoveryChart, 'words'>): string {
  const { dense, pruned, recovered } = marks
  const tooLarge = stages.find((stage) => marks[stage]?.value === Infinity)
  if (tooLarge) return `The ${name} of the ${tooLarge} model overflows (∞).`
  if (recovered?.partial) {
    const beside = pruned ? `, pruned alone ${pruned.text}` : ''
    return `With ${recovered.after} pruned and recovered, and the others still dense, it is ${recovered.text}${beside}.`
  }
  if (recovered && wonBack !== null) return wonBackWords(recovered, wonBack, better, on)
  if (dense && pruned)
    return `${costWords(dense, pruned, name, better)}${recovered ? '.' : whyMissing(picture, 'recovered')}`
  if (recovered) {
    const beside = dense ? `, ${dense.text} dense` : ''
    return `${recovered.text} after recovery${beside}. What pruning alone cost is unknown${whyMissing(picture, 'pruned')}`
  }
  if (pruned) return `${pruned.text} after pruning${whyMissing(picture, 'dense')}`
  if (dense) return `${dense.text} dense${whyMissing(picture, picture.plan?.prunes === false ? 'recovered' : 'pruned')}`
  return picture.plan?.measures.length === 0 ? 'The recipe measures nothing.' : 'Nothing is measured yet.'
}

function wonBackWords(
  { after, text }: StageMark,
  wonBack: number,
  better: RecoveryChart['better'],
  on: string,
): string {
  const share = formatWonBack(wonBack, better)
  const who = after === null ? 'Recovery' : `After ${after}, recovery has`
  const gap = `${better === 'low' ? 'perplexity' : 'accuracy'} gap`
  const opened = `that pruning opened${on === '' ? '' : ` on ${on}`}`
  if (wonBack > 1) return `${who} closed the whole ${gap} ${opened}: ${share}.`
  if (wonBack < 0) return `${who} widened the ${gap} ${opened}: ${text}.`
  return `${who} closed ${share} of the ${gap} ${opened}.`
}

/** A sentence without its full stop. */
function costWords(dense: StageMark, pruned: StageMark, name: string, better: RecoveryChart['better']): string {
  const [from, to] = [dense.value ?? NaN, pruned.value ?? NaN]
  if (better === 'high' ? to >= from : to <= from)
    return `Pruning cost nothing: ${dense.text} dense, ${pruned.text} pruned`
  if (better === 'high') return `Pruning cost ${(100 * (from - to)).toFixed(1)} points, ${dense.text} to ${pruned.text}`
  return `Pruning cost ${formatValue(Number((to - from).toPrecision(3)))} in ${name}: ${dense.text} dense, ${pruned.text} pruned`
}

/** The end of a sentence. */
function whyMissing({ plan, end }: RunPicture, stage: Stage): string {
  if (stage === 'recovered' && plan?.recoveries.length === 0) return '.'
  if (plan && !plan.measures.includes(stage)) return `; the recipe does not measure the ${stage} model.`
  return end ? `; the ${stage} model was not measured.` : `; the ${stage} model is not measured yet.`
}
