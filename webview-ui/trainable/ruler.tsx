// The budget ruler: the share of the model that each stage trains, beside what it could train. Dragging proposes a `train` list.
import { useState } from 'preact/hooks'
import { formatTrained } from '../../src/formatting/numbers.ts'
import type { TrainBudget } from '../../src/plan/planSummary.ts'
import { compactCount, type StageView } from '../../src/plan/stageView.ts'
import { Button } from '../shared/button.tsx'
import { pixelOf, Picture, useRoomFor } from '../shared/picture.tsx'
import { stepTo } from '../shared/roving.ts'
import { isEditable, shown, stage, stages } from './store.ts'

/** Per cent at both ends, and the range in which PERP (arXiv 2312.15230) recovers pruned models. */
const [least, most] = [0.001, 100]
const paper = [0.01, 0.05] as const
const [height, middle, edge] = [84, 42, 14]

interface RulerProps {
  /** Writes the proposal into the recipe. */
  readonly write: (recovery: number, budget: TrainBudget) => void
}

/** Renders nothing for a stage that has no `train` list. */
export function Ruler({ write }: RulerProps) {
  const now = stage.value
  const budgets = shown.value?.plan.budgets[now?.recovery ?? -1] ?? []
  if (!now || now.recovery === null || now.count === 0 || budgets.length === 0) return null
  return <Budgets key={now.recovery} {...{ now, recovery: now.recovery, budgets, write }} />
}

interface BudgetsProps extends RulerProps {
  readonly now: StageView
  readonly recovery: number
  readonly budgets: readonly TrainBudget[]
}

function Budgets({ now, recovery, budgets, write }: BudgetsProps) {
  const { place, width } = useRoomFor(300)
  const [budget, setBudget] = useState<TrainBudget | null>(null)
  const trained = stages.value.filter(({ count }) => count > 0)
  const xOf = (percentage: number) => {
    const share = Math.log10(Math.min(most, Math.max(least, percentage)) / least) / Math.log10(most / least)
    return edge + share * (width - 2 * edge)
  }
  const nearest = (x: number) => {
    const far = (one: TrainBudget) => Math.abs(xOf(one.percentage) - x)
    return budgets.reduce((best, one) => (far(one) < far(best) ? one : best))
  }
  const isCrowded = (x: number) =>
    x > 130 && (x > width - 130 || trained.some((one) => xOf(one.percentage) > x && xOf(one.percentage) < x + 130))
  const drag = (event: PointerEvent) => {
    if ((event.buttons & 1) === 0) return
    ;(event.currentTarget as Element).setPointerCapture(event.pointerId)
    setBudget(nearest(pixelOf(event).x))
  }
  const accept = () => {
    if (budget) write(recovery, budget)
    setBudget(null)
  }
  const step = (event: KeyboardEvent) => {
    if (event.key === 'Escape') setBudget(null)
    if (event.key === 'Enter') accept()
    const from = budgets.indexOf(budget ?? nearest(xOf(now.percentage)))
    const next = stepTo(event.key, from, budgets.length)
    if (next === null) return
    event.preventDefault()
    setBudget(budgets[next])
  }
  const slider = isEditable.value && {
    ...{ role: 'slider' as const, tabIndex: 0, onPointerDown: drag, onPointerMove: drag, onKeyDown: step },
    ...{ 'aria-valuemin': least, 'aria-valuemax': most, 'aria-valuenow': (budget ?? now).percentage },
    'aria-valuetext': budget ? proposalText(budget) : `${now.title}: ${now.share}`,
  }
  return (
    <section class="ruler" aria-label="Budget">
      <Picture
        {...{ place, width, height, ...slider }}
        class={isEditable.value ? 'draggable' : ''}
        aria-label="Share of the model's parameters that train"
        title={isEditable.value ? 'Drag, or press the arrows, to propose what this stage trains' : undefined}
        drawing={
          <>
            <Axis xOf={xOf} width={width} />
            <Marks budgets={budgets} xOf={xOf} />
            {trained.map((one) => (
              <StageMark
                one={one}
                x={xOf(one.percentage)}
                isNow={one === now}
                isCrowded={isCrowded(xOf(one.percentage))}
              />
            ))}
            {budget && <circle class="ring" cx={xOf(budget.percentage)} cy={middle} r={8} />}
          </>
        }
      />
      {budget && (
        <div class="row" role="status">
          <span>{proposalText(budget)}</span>
          <Button act={accept}>Write into the recipe</Button>
          <Button act={() => setBudget(null)}>Discard</Button>
        </div>
      )}
    </section>
  )
}

type Place = (percentage: number) => number

function Axis({ xOf, width }: { xOf: Place; width: number }) {
  return (
    <>
      <rect class="paperRange" x={xOf(paper[0])} width={xOf(paper[1]) - xOf(paper[0])} y={middle - 10} height={20} />
      <line class="axis" x1={edge} x2={width - edge} y1={middle} y2={middle} />
      {[0.001, 0.01, 0.1, 1, 10, 100].map((tick) => (
        <>
          <line class="tick" x1={xOf(tick)} x2={xOf(tick)} y1={middle - 5} y2={middle + 5} />
          <text class="small" x={xOf(tick)} y={height - 4} text-anchor={anchorOf(tick)}>{`${tick} %`}</text>
        </>
      ))}
      <text class="small paperText" x={(xOf(paper[0]) + xOf(paper[1])) / 2} y={12} text-anchor="middle">
        the paper: 0.01–0.05 %
      </text>
    </>
  )
}

const anchorOf = (tick: number) => (tick === least ? 'start' : tick === most ? 'end' : 'middle')

function proposalText({ train, rank, count, percentage }: TrainBudget): string {
  const of = rank === null ? '' : `, rank ${rank}`
  return `train: [${train.join(', ')}]${of} – ${compactCount(count)} parameters, ${formatTrained(percentage, 3)}`
}

interface StageMarkProps {
  readonly one: StageView
  readonly x: number
  readonly isNow: boolean
  /** Whether no text fits to the right of the mark. */
  readonly isCrowded: boolean
}

function StageMark({ one, x, isNow, isCrowded }: StageMarkProps) {
  const kind = ['adapter', 'kept', 'vector'].find((name) => one.rows.some((row) => row.kind === name && row.count > 0))
  return (
    <g class={isNow ? 'stageMark now' : 'stageMark'} style={{ fill: `var(--kind-${kind ?? 'vector'})` }}>
      <title>{`${one.title}: ${one.share}`}</title>
      <path d={`M${x} ${middle - 10}l-6 -10h12z`} />
      {isNow && <circle cx={x} cy={middle} r={6} />}
      {isNow && (
        <text x={isCrowded ? x - 10 : x + 10} y={middle - 12} text-anchor={isCrowded ? 'end' : 'start'}>
          {`this stage ${one.share}`}
        </text>
      )}
    </g>
  )
}

/** Marks of all budgets, with as many names as fit: first those of the ends and of common ranks. */
function Marks({ budgets, xOf }: { budgets: readonly TrainBudget[]; xOf: Place }) {
  const ends = [budgets[0], budgets[1], budgets[budgets.length - 1]]
  const order = [...ends, ...[16, 4, 64, 1].map((rank) => budgets.find((one) => one.rank === rank)), ...budgets]
  const right = xOf(most) + edge
  const named: { one: TrainBudget; from: number; to: number }[] = []
  for (const one of order) {
    if (!one || named.some((known) => known.one === one)) continue
    const x = xOf(one.percentage)
    const wide = 6.2 * one.name.length + 8
    const from = Math.max(0, Math.min(x - wide / 2, right - wide))
    const place = { one, from, to: from + wide }
    if (named.every(({ from, to }) => place.to < from || place.from > to)) named.push(place)
  }
  return (
    <>
      {budgets.map((one) => (
        <circle class="mark" cx={xOf(one.percentage)} cy={middle} r={4}>
          <title>{`${one.name}: ${formatTrained(one.percentage, 3)}`}</title>
        </circle>
      ))}
      {named.map(({ one, from }) => (
        <text class="small" x={from + 4} y={middle + 20}>
          {one.name}
        </text>
      ))}
    </>
  )
}
