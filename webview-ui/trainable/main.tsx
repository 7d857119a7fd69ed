// Which weights train: one tab per stage, with a sentence, a ruler and a map of the whole model.
import '../shared/base.css'
import '../shared/chart.css'
import type { FromTrainable, ToTrainable } from '../../src/protocol/view.ts'
import { toCsv } from '../../src/formatting/tables.ts'
import { formatBytes, formatShare, roughDuration } from '../../src/formatting/numbers.ts'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { Button } from '../shared/button.tsx'
import { connectHost } from '../shared/host.ts'
import { NamedTable } from '../shared/namedTable.tsx'
import { openPage } from '../shared/page.tsx'
import { Folded, Say, Warnings } from '../shared/parts.tsx'
import { makeRoving } from '../shared/roving.ts'
import { placeText } from '../../src/charts/modelCells.ts'
import { ModelMap } from './map.tsx'
import { OpenedCell } from './opened.tsx'
import { Ruler } from './ruler.tsx'
import {
  cells,
  chooseStage,
  isEditable,
  median,
  opened,
  parameters,
  pick,
  ranking,
  receive,
  shown,
  stage,
  stages,
  training,
} from './store.ts'
import './trainable.css'

const host = connectHost<ToTrainable, FromTrainable>()

function TrainablePage() {
  const known = shown.value
  const cell = opened.value
  if (!known) return null
  return (
    <div class="trainable">
      <Head />
      {known.plan.errors.map((message) => (
        <p class="problem" role="alert">
          {message}
        </p>
      ))}
      <Warnings of={known.plan.warnings} />
      <Tabs />
      <Sentence />
      <Ruler write={(recovery, { train, rank }) => host.post({ type: 'train', recovery, budget: { train, rank } })} />
      {known.plan.rows.length > 0 && (
        <div class="mapAndCell">
          <ModelMap csv={parametersCsv} />
          {cell && <OpenedCell cell={cell} open={(name) => host.post({ type: 'openMatrix', name })} />}
        </div>
      )}
      <Folded title="Every parameter">
        <NamedTable
          of={parameters}
          what="parameters"
          label="Parameters"
          empty="No parameter matches the filter."
          onSelect={({ name }) => pick(name)}
        />
      </Folded>
    </div>
  )
}

function Head() {
  const known = shown.value
  if (!known) return null
  const { recipe, model, estimates, errors } = known.plan
  const { seconds, memoryBytes, diskBytes } = estimates
  const needs = [
    seconds === null ? null : roughDuration(seconds),
    `${formatBytes(memoryBytes)} of memory`,
    `${formatBytes(diskBytes)} on disk`,
  ]
  const named = [...new Set([recipe, model])]
  const facts = [...named, ...(isEditable.value ? needs : [])].filter((fact) => fact !== null)
  return (
    <div class="head">
      <div>
        <h1>{known.of === 'dryRun' ? 'Dry run' : 'Which weights train'}</h1>
        <p class="muted">{facts.join(' · ')}</p>
      </div>
      <div class="row">
        {known.of !== 'result' && <Button act={() => host.post({ type: 'openRecipe' })}>Open recipe</Button>}
        {known.of === 'run' && <Button act={() => host.post({ type: 'openRun' })}>Open run</Button>}
        {isEditable.value && (
          <Button primary act={() => host.post({ type: 'run' })} disabled={errors.length > 0}>
            Run
          </Button>
        )}
      </div>
    </div>
  )
}

function Tabs() {
  const list = useRef<HTMLDivElement>(null)
  const { at } = training.value
  useLayoutEffect(() => {
    if (list.current) makeRoving(list.current, [...list.current.querySelectorAll<HTMLElement>('[role=tab]')])
  }, [stages.value.length])
  return (
    <div class="tabs" role="tablist" aria-label="Stages" ref={list}>
      {stages.value.map(({ recovery, title, share }) => (
        <button
          type="button"
          role="tab"
          class="plain"
          aria-selected={recovery === stage.value?.recovery}
          onClick={() => chooseStage(recovery)}
        >
          <span>
            {title}
            {at && at.recovery === recovery && <span class="busy" title="in progress" />}
          </span>
          <b>{share}</b>
        </button>
      ))}
    </div>
  )
}

/** A sentence on what the stage trains, what it does now, and where it moved most. */
function Sentence() {
  const now = stage.value
  if (!now) return null
  const [before, numbers, after] = now.said
  return (
    <>
      <Say before={before} lead={numbers} text={after} />
      <p class="muted" role="status">
        {[workText(), movedText()].filter(Boolean).join(' ')}
      </p>
    </>
  )
}

function workText(): string {
  const { at } = training.value
  if (!at || at.recovery !== stage.value?.recovery) return ''
  const where = at.block === null ? 'the whole model' : `block ${at.block}`
  return `Now ${where}${at.step === null ? '' : `, step ${at.step}`}.`
}

/** Where the stage moved the weights farthest, at most three places. */
function movedText(): string {
  const all = cells.value.lines.flatMap(({ cells: own }) => own)
  const [first, ...others] = ranking.value.slice(0, 3).map(({ name, role, share }) => {
    const cell = all.find((one) => one?.rows.some((row) => row.name === name))
    return `${role === 'bias' ? 'the bias of ' : ''}${cell ? placeText(cell) : name}: ${formatShare(share)}`
  })
  if (!first) return ''
  const then = others.length > 0 ? `, then in ${others.join('; ')}` : ''
  return `It moved most in ${first} of its norm${then}. The median is ${formatShare(median.value)}.`
}

const parametersCsv = (): string =>
  toCsv(
    ['name', 'role', 'trained_by', 'pruned', 'parameters', 'trainable'],
    parameters.rows.value.map((r) => [
      ...[r.name, r.role, r.by ?? 'frozen', r.pruned ? 'yes' : 'no'],
      ...[r.parameters, r.count],
    ]),
  )

openPage(host, { receive, opens: ['plan'], Page: TrainablePage })
