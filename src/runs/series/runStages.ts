// The stages of a run in their order, from its plan and its events: what is done, what is going on and how far,
// what comes, and what was measured there.
import { accuraciesOf } from './accuracies.ts'
import { blockErrors, errorLeft } from './blockErrors.ts'
import { entryNames } from './texts.ts'
import type { Stage } from '../../catalog/stages.ts'
import type { Evaluation, PhasePart, PhaseProgress, RunPicture } from './foldRun.ts'
import { formatAccuracy, formatCount, formatValue } from '../../formatting/numbers.ts'
import { placeOf } from './recoveryChart.ts'
import { isBlockwise } from '../../recipe/modes.ts'
import { followsPruning, isRecovery, modesOf, recoveryName } from './recoveries.ts'

export interface RunStage {
  readonly id: string
  readonly title: string
  /** stopped: the run ended during this stage. */
  readonly state: 'done' | 'now' | 'stopped' | 'next'
  /** Stage of the model at the end of this stage, which decides the colour. */
  readonly leaves: Stage
  /** Measured at its end, or last so far. */
  readonly value: { readonly text: string; readonly what: string } | null
  /** What else was measured there. */
  readonly more: readonly string[]
  /** How far it is: "block 11 of 30". */
  readonly detail: string | null
  /** The blocks, windows or steps that its bar shows while it runs; null: not counted. */
  readonly progress: PhaseProgress | null
  /** Milliseconds of work in it; null before it begins. */
  readonly ms: number | null
}

/** Whether a process works on the run, or it is over. */
export type RunState = 'live' | 'done' | 'stopped'

interface PlannedStage {
  readonly id: string
  readonly title: string
  /** Measured at its end. */
  readonly stage: Stage | null
  /** Index and mode of the recovery. */
  readonly recovery: number | null
  readonly mode: string | null
}

const noRecovery = { recovery: null, mode: null }

export function stagesOfRun(picture: RunPicture, state: RunState): RunStage[] {
  const plans = plansOf(picture)
  const places = placesOf(picture, plans)
  const current = places.at(-1) ?? plans[0]?.id
  const at = state === 'done' ? plans.length : plans.findIndex(({ id }) => id === current)
  const together = inSamePass(picture, plans, current)
  return plans.map((plan, i) => {
    const parts = picture.phases.filter((_, part) => places[part] === plan.id)
    const ms = places.reduce((sum, place, part) => (place === plan.id ? sum + lengthOf(picture, part) : sum), 0)
    const measured = measuredAt(picture, plan)
    const isCurrent = i === at || (state !== 'done' && together.has(plan.id))
    // While a recovery or a pruning is measured, its bar stays where the work is.
    const work = parts.filter(({ phase }) => phase !== 'evaluate' && phase !== 'read')
    const now = state === 'live' ? 'now' : 'stopped'
    return {
      id: plan.id,
      title: plan.title,
      leaves: plan.stage ?? 'recovered',
      state: isCurrent ? now : i < at ? 'done' : 'next',
      ...measured,
      detail: isCurrent ? howFar(picture, parts, plan.stage !== null && measured.value !== null) : null,
      progress: isCurrent ? counted(picture, work.length > 0 ? work : parts) : null,
      ms: parts.length > 0 ? ms : null,
    }
  })
}

/** The stages in their order, from the plan of the run, else from its events. */
function plansOf(picture: RunPicture): PlannedStage[] {
  const { plan, phases, evaluations } = picture
  const isMeasured = (stage: Stage) =>
    plan?.measures.includes(stage) ?? evaluations.some((one) => one.stage === stage && one.step === undefined)
  const modes = modesOf(picture)
  const prunes = plan?.prunes ?? phases.some(({ phase }) => phase === 'prune')
  const pruned = isMeasured('pruned')
  // A pass that recovers each block as soon as it is pruned has no stage of pruning alone, unless that is measured.
  const joined = prunes && !pruned && modes.length > 0 && isBlockwise({ mode: modes[0] })
  const plans: PlannedStage[] = []
  const firstPhase = phases.find(({ phase }) => phase !== 'read')?.phase
  if (isMeasured('dense') || (plan === null && firstPhase === 'evaluate'))
    plans.push({ id: 'dense', title: 'Dense', stage: 'dense', ...noRecovery })
  if (!joined && (prunes || pruned))
    plans.push({ id: 'prune', title: plan && !prunes ? 'Pruned before' : 'Prune', stage: 'pruned', ...noRecovery })
  for (const [recovery, mode] of modes.entries()) {
    const name = modes.length > 1 ? recoveryName(recovery, mode) : mode[0].toUpperCase() + mode.slice(1)
    const title = joined && recovery === 0 ? `Prune + ${modes.length > 1 ? name : mode}` : name
    plans.push({ id: `recover ${recovery}`, title, stage: null, recovery, mode })
  }
  if (modes.length > 0 && isMeasured('recovered'))
    plans.push({ id: 'recovered', title: 'Recovered', stage: 'recovered', ...noRecovery })
  return plans
}

/** For each part of a phase the id of the stage that it belongs to. */
function placesOf({ phases, evaluations }: RunPicture, plans: readonly PlannedStage[]): (string | undefined)[] {
  const has = (id: string) => plans.some((plan) => plan.id === id)
  const lastWork = plans.findLast(({ id }) => id === 'prune' || id.startsWith('recover '))?.id
  let work: string | undefined
  let measured = 0
  return phases.map((part, i) => {
    const { phase, recovery = 0 } = part
    if (phase === 'prune') return (work = has('prune') ? 'prune' : 'recover 0')
    if (isRecovery(part)) return (work = `recover ${recovery}`)
    if (phase === 'evaluate' && work === undefined) {
      // A model that was pruned before is measured before anything is done to it.
      const first = measured++ === 0 && has('dense')
      return first || !has('prune') ? plans[0]?.id : 'prune'
    }
    if (work === undefined) return plans[0]?.id
    const goesOn = phases.slice(i + 1).some((later) => isRecovery(later) || later.phase === 'prune')
    const isOver = work === lastWork && !goesOn && (isComplete(phases, i) || evaluations.some(isFinal))
    return isOver && has('recovered') ? 'recovered' : work
  })
}

const isFinal = ({ stage, step }: Evaluation) => stage === 'recovered' && step === undefined

/** Whether the work before part `i` came to its end, as its progress says; a part without progress ends when another begins. */
function isComplete(phases: readonly PhasePart[], i: number): boolean {
  const progress = phases.slice(0, i).findLast(isRecovery)?.progress
  return !progress || progress.done >= progress.total
}

function lengthOf({ phases, elapsed }: RunPicture, part: number): number {
  return (phases[part + 1]?.t ?? elapsed) - phases[part].t
}

/** Recoveries in the same pass over the blocks as the current one: they finish together. */
function inSamePass({ phases }: RunPicture, plans: readonly PlannedStage[], current: string | undefined): Set<string> {
  const now = plans.findIndex(({ id }) => id === current)
  const begun = (plan: PlannedStage) =>
    phases.some(({ phase, recovery = 0 }) => phase === plan.mode && recovery === plan.recovery)
  const isByBlock = (plan: PlannedStage | undefined): plan is PlannedStage =>
    plan !== undefined && plan.mode !== null && isBlockwise({ mode: plan.mode })
  const found = new Set<string>()
  if (!isByBlock(plans[now])) return found
  for (const step of [-1, 1])
    for (let i = now + step; isByBlock(plans[i]); i += step) if (begun(plans[i])) found.add(plans[i].id)
  return found
}

/** Progress of the last part. For a pass over the blocks, the blocks that all its parts together have finished. */
function counted({ numBlocks, blocks }: RunPicture, parts: readonly PhasePart[]): PhaseProgress | null {
  const part = parts.at(-1)
  if (!part) return null
  const { phase, progress } = part
  const done = parts.reduce((sum, one) => sum + one.blocks, 0)
  const isByBlock = phase === 'prune' || (isRecovery(part) && phase !== 'retrain')
  if (isByBlock && (done > 0 || (phase !== 'prune' && blocks.size < numBlocks)))
    return { done, total: numBlocks, unit: 'blocks' }
  return progress
}

function howFar(picture: RunPicture, parts: readonly PhasePart[], isMeasured: boolean): string | null {
  const part = parts.at(-1)
  if (!part) return null
  const { phase } = part
  const progress = counted(picture, parts)
  const text = progress && `${formatCount(progress.done)} of ${formatCount(progress.total)} ${progress.unit}`
  if (phase === 'save') return 'saving'
  if (phase === 'read') return text ? `reading texts: ${text}` : 'reading texts'
  if (phase === 'evaluate') {
    const isOver = progress ? progress.done >= progress.total : isMeasured
    return isOver && isMeasured ? null : text ? `measuring: ${text}` : 'measuring'
  }
  if (!progress) return null
  const { done, total } = progress
  if (phase === 'retrain') return `step ${formatCount(done)} of ${formatCount(total)}`
  if (progress === part.progress) return `${Math.floor((100 * done) / Math.max(1, total))} %`
  return picture.end ? text : `block ${Math.min(total, done + 1)} of ${total}`
}

/**
 * The first perplexity, else the mean accuracy, else what a recovery left of the error or of the loss. A measurement in the
 * middle of a recovery names its step. The measurement at the end replaces all of them.
 */
function measuredAt(picture: RunPicture, { stage, recovery }: PlannedStage): Pick<RunStage, 'value' | 'more'> {
  const isLast = recovery !== null && recovery === modesOf(picture).length - 1
  if (isLast && picture.evaluations.some(isFinal)) return { value: leftBy(picture, recovery), more: [] }
  const own = picture.evaluations.filter((one) =>
    stage === null
      ? one.step !== undefined && one.recovery === recovery
      : one.stage === stage && one.step === undefined,
  )
  const names = entryNames(picture.evaluations.filter(({ accuracy }) => accuracy === null))
  // The later of two measurements counts.
  const texts = new Map(own.filter(({ accuracy }) => accuracy === null).map((one) => [one.entry, one.perplexity]))
  const measured = [...texts].sort(([a], [b]) => a - b)
  const last = own.at(-1)
  const place = last && recovery !== null ? placeOf(picture, last).after : null
  const after = place === null ? '' : ` after ${place}`
  const found = measured.map(([entry, perplexity]) => ({
    text: formatValue(perplexity),
    what: `perplexity${names.size > 1 ? ` on ${names.get(entry)}` : ''}${after}`,
  }))
  const mean = accuraciesOf(own.map((one) => ({ ...one, stage: 'dense' as const }))).stages.dense
  if (mean) {
    const what = `accuracy${mean.tasks > 1 ? `, ${mean.tasks} tasks` : ''}${after}`
    found.splice(1, 0, { text: formatAccuracy(mean.acc, mean.stderr), what })
  }
  // Until a pass that prunes ends, its last blocks are dense: what is measured in its middle is not its result.
  if (recovery !== null && (found.length === 0 || followsPruning(picture, recovery)))
    return { value: leftBy(picture, recovery), more: found.map(({ text, what }) => `${text} ${what}`) }
  const [value = null, ...others] = found
  return { value, more: others.map(({ text, what }) => `${text} ${what}`) }
}

function leftBy(picture: RunPicture, recovery: number): RunStage['value'] {
  const left = errorLeft(blockErrors(picture, recovery))
  if (left !== null) return { text: `${(100 * left).toFixed(0)} %`, what: 'of the error left' }
  const isText = !picture.blockByBlock.has(recovery)
  const loss = isText ? picture.lossByRecovery.get(recovery)?.findLast(({ y }) => y !== null) : undefined
  return loss ? { text: formatValue(loss.y), what: 'loss' } : null
}
