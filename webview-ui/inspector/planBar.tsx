// A bar for a planned sparsity: dragged, typed, locked, by pointer and by keys.
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { PlannedModule } from '../../src/shared/analysis/plannedMap.ts'
import { formatRequested } from '../../src/shared/format/numbers.ts'
import { announce } from '../shared/announce.ts'
import { settings } from '../shared/settings.ts'
import { changeTo, groupOf, mostSparsity, untrusted, type PlanGroup } from './plan.ts'
import { draw, locked, send, settle, settleStep, toggleLock } from './planStore.ts'

export interface PlanBarProps {
  /** "block 3". */
  readonly label: string
  readonly modules: readonly PlannedModule[]
  /** Where it grows to. */
  readonly grows: 'right' | 'up'
  /** CSS of the place. */
  readonly style?: Record<string, string>
  readonly tabIndex?: number
  /** Where the mean of the whole plan stands. */
  readonly line?: number
}

/** Pixels that a pointer moves before it draws: a click alone changes nothing. */
const slack = 3

export function PlanBar({ label, modules, grows, style, tabIndex = 0, line }: PlanBarProps) {
  const group = groupOf(modules, locked.value)
  const [typing, setTyping] = useState(false)
  const why = refusalOf(group)
  const says = textOf(group)
  const refuse = () => announce(`${label}: ${why}`)
  /** The mean where a drag began: the bar itself moves meanwhile. */
  const began = useRef(0)
  const mean = group.mean ?? 0
  const begin = () => {
    if (why !== null) return void refuse()
    send()
    began.current = mean
    return true
  }
  const lock = () => {
    if (group.all.length > 0) announce(`${label}: ${toggleLock(group.all) ? 'locked' : 'unlocked'}`)
  }
  const drag = useDrag(grows, {
    start: begin,
    move: (at) => draw(changeTo(group, began.current, at)),
    end: (at) => settle(changeTo(group, began.current, at)),
  })
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return
    const by = keyStep(event, grows)
    if (event.key === 'l' || event.key === 'L') lock()
    else if (by === null && event.key !== 'Enter' && event.key !== 'Delete') return
    else if (event.key === 'Delete' && settings.value.trusted && group.leave.length > 0)
      settle({ kind: 'set', names: [...group.leave], sparsity: null })
    else if (why !== null) refuse()
    else if (event.key === 'Enter') setTyping(true)
    else if (by !== null)
      settleStep(
        group.isEven ? changeTo(group, mean, sparsityOf(mean + by)) : { kind: 'shift', names: [...group.names], by },
      )
    event.preventDefault()
    event.stopPropagation()
  }
  const typed = (text: string | null) => {
    setTyping(false)
    const percent = Number(text?.replace(',', '.').replace('%', ''))
    if (text !== null && text.trim() !== '' && Number.isFinite(percent))
      settle({ kind: 'set', names: [...group.names], sparsity: sparsityOf(percent / 100) })
  }
  const [inner, outer] = group.mean === null ? [0, 0] : [group.least, group.most]
  return (
    <div class={`planBar ${grows}`} style={style}>
      <div
        class="planTrack"
        role="slider"
        tabIndex={tabIndex}
        aria-label={`${label}: planned sparsity`}
        aria-orientation={grows === 'up' ? 'vertical' : 'horizontal'}
        aria-valuemin={0}
        aria-valuemax={100 * mostSparsity}
        aria-valuenow={Math.round(100 * (group.mean ?? 0))}
        aria-valuetext={why === null ? says : `${says}, ${why}`}
        aria-disabled={why !== null}
        title={`${label}: ${says}${why === null ? hint : `; ${why}`}`}
        {...(typing ? {} : drag)}
        onDblClick={() => (why === null ? setTyping(true) : refuse())}
        onKeyDown={onKeyDown}
      >
        <span class="planRange" style={extent(grows, outer)} />
        <span class="planFill" style={extent(grows, inner)} />
        {line !== undefined && <span class="planLine" style={placeOf(grows, line)} />}
        {typing ? (
          <Typed label={label} mean={group.mean} done={typed} />
        ) : (
          <span class="planText">{group.mean === null ? '–' : percentText(group.mean)}</span>
        )}
      </div>
      <Lock label={label} group={group} toggle={lock} />
    </div>
  )
}

const hint =
  '. Drag, which keeps the differences within, or double-click to type one for all; L locks, Delete leaves alone'

/** Why a bar cannot be moved; null: it can. */
function refusalOf({ fixed, isLocked }: PlanGroup): string | null {
  if (!settings.value.trusted) return untrusted
  return fixed ?? (isLocked ? 'locked: L unlocks it' : null)
}

interface Dragging {
  /** Whether it may begin. */
  readonly start: () => boolean | void
  readonly move: (sparsity: number | null) => void
  readonly end: (sparsity: number | null) => void
}

function useDrag(grows: 'right' | 'up', { start, move, end }: Dragging) {
  const from = useRef<{ x: number; y: number; moved: boolean } | null>(null)
  const at = ({ currentTarget, clientX, clientY }: PointerEvent) => {
    const { left, bottom, width, height } = (currentTarget as HTMLElement).getBoundingClientRect()
    return sparsityOf(grows === 'right' ? (clientX - left) / width : (bottom - clientY) / height)
  }
  return {
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0 || !start()) return
      ;(event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)
      from.current = { x: event.clientX, y: event.clientY, moved: false }
    },
    onPointerMove(event: PointerEvent) {
      const begun = from.current
      if (!begun) return
      begun.moved ||= Math.hypot(event.clientX - begun.x, event.clientY - begun.y) >= slack
      if (begun.moved) move(at(event))
    },
    onPointerUp(event: PointerEvent) {
      if (from.current?.moved) end(at(event))
      from.current = null
    },
    onPointerCancel: () => (from.current = null),
  }
}

function Lock({ label, group, toggle }: { label: string; group: PlanGroup; toggle: () => void }) {
  const { isLocked, all } = group
  return (
    <button
      type="button"
      class="planLock"
      tabIndex={-1}
      aria-label={`Lock ${label}`}
      aria-pressed={isLocked}
      title={isLocked ? `${label} keeps what it has; press to let it change` : `Keep what ${label} has`}
      disabled={all.length === 0}
      onClick={toggle}
    >
      <svg viewBox="0 0 10 12" width="10" height="12" aria-hidden="true">
        <path d={isLocked ? 'M2.5 6V3.5a2.5 2.5 0 0 1 5 0V6' : 'M2.5 6V3.5a2.5 2.5 0 0 1 4.6-1.4'} />
        <rect x="1" y="6" width="8" height="5" />
      </svg>
    </button>
  )
}

function Typed({ label, mean, done }: { label: string; mean: number | null; done: (text: string | null) => void }) {
  // The field also loses the focus when it goes.
  const ended = useRef(false)
  const field = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => field.current?.select(), [])
  const end = (text: string | null) => {
    if (!ended.current) done(text)
    ended.current = true
  }
  return (
    <input
      type="text"
      inputMode="decimal"
      class="planTyped"
      aria-label={`${label}: sparsity in %`}
      ref={field}
      defaultValue={((mean ?? 0) * 100).toFixed(1)}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.key !== 'Enter' && event.key !== 'Escape') return
        const { value, parentElement } = event.currentTarget
        end(event.key === 'Enter' ? value : null)
        parentElement?.focus()
      }}
      onBlur={(event) => end(event.currentTarget.value)}
    />
  )
}

/** Whole percents; nothing is pruned by less. */
function sparsityOf(share: number): number | null {
  const kept = Math.round(1000 * Math.min(mostSparsity, Math.max(0, share))) / 1000
  return kept < 0.005 ? null : kept
}

/** By how much a key changes it; null: it does not. The arrows across the bar lead to the next one. */
function keyStep({ key, shiftKey }: KeyboardEvent, grows: 'right' | 'up'): number | null {
  const [less, more] = grows === 'right' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowDown', 'ArrowUp']
  const size = shiftKey ? 0.05 : 0.01
  return key === more ? size : key === less ? -size : null
}

const percentText = (share: number) => formatRequested(Number(share.toFixed(3)))

function textOf({ mean, least, most }: PlanGroup): string {
  if (mean === null) return 'left alone'
  return most - least < 0.0005
    ? percentText(mean)
    : `${percentText(mean)} on average, ${percentText(least)} to ${percentText(most)}`
}

function extent(grows: 'right' | 'up', share: number): Record<string, string> {
  return { [grows === 'right' ? 'width' : 'height']: `${100 * share}%` }
}

function placeOf(grows: 'right' | 'up', share: number): Record<string, string> {
  return { [grows === 'right' ? 'left' : 'bottom']: `${100 * share}%` }
}
