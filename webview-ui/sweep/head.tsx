// The top of the page: what is compared, how far it is, what went wrong, and what can be done with it.
import type { ComponentChildren } from 'preact'
import { countsText } from '../../src/shared/sweep/countsText.ts'
import { comparisonCsv } from '../../src/shared/sweep/comparisonCsv.ts'
import type { ComparedRow, FromSweep } from '../../src/shared/protocol/sweepView.ts'
import { settings } from '../shared/settings.ts'
import { host } from './host.ts'
import { PaperButton } from './paper.tsx'
import { ordered, rows, what } from './store.ts'

/** More would push the table out of sight. */
const mostProblems = 5

type Act = Extract<FromSweep, { type: 'act' }>['what']

export function Head() {
  const { kind = 'comparison', title = '', about = '' } = what.value ?? {}
  const states = rows.value.map(({ state }) => state)
  const has = (...some: ComparedRow['state'][]) => states.some((state) => some.includes(state))
  const isSweep = kind === 'sweep'
  const mayRun = isSweep && settings.value.trusted
  const shares = rows.value.map(({ state, progress }) => (state === 'done' ? 1 : (progress?.share ?? 0)))
  return (
    <header>
      <div class="head">
        <div>
          <h1>{title}</h1>
          <p class="muted">{about}</p>
        </div>
        <div class="row">
          {mayRun && has('running', 'waiting') && (
            <ActButton act="cancel" title="Stop the runs of this sweep; they can be continued later">
              Cancel
            </ActButton>
          )}
          {mayRun && !has('running') && has('failed', 'cancelled', 'waiting') && (
            <ActButton act="goOn" title="Run what is not done yet">
              Continue
            </ActButton>
          )}
          {mayRun && (
            <ActButton act="report" title="Table, picture and curves as one HTML page">
              Report
            </ActButton>
          )}
          {isSweep && (
            <ActButton act="recipe" title="The recipe of this sweep">
              Recipe
            </ActButton>
          )}
          <button
            type="button"
            class="secondary"
            title="Save the runs of the table as CSV, one line per run"
            onClick={saveCsv}
          >
            CSV
          </button>
          <PaperButton />
        </div>
      </div>
      <div class="row sweepState">
        {has('running') && (
          <progress
            max={1}
            value={shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length)}
            aria-label="Runs that are done"
          />
        )}
        <span class="counts" role="status">
          {countsText(states)}
        </span>
      </div>
      <Problems failed={rows.value.filter(({ state }) => state === 'failed')} />
    </header>
  )
}

function ActButton({ act, title, children }: { act: Act; title: string; children: ComponentChildren }) {
  return (
    <button type="button" class="secondary" title={title} onClick={() => host.post({ type: 'act', what: act })}>
      {children}
    </button>
  )
}

function Problems({ failed }: { failed: readonly ComparedRow[] }) {
  if (failed.length === 0) return null
  return (
    <ul class="warnings" aria-label="Runs that failed">
      {failed.slice(0, mostProblems).map(({ key, index, label, message, isBegun }) => (
        <li key={key}>
          {`${label}: ${message ?? 'failed'} `}
          {isBegun && (
            <button type="button" class="secondary small" onClick={() => host.post({ type: 'openRun', run: index })}>
              Open
            </button>
          )}
        </li>
      ))}
      {failed.length > mostProblems && <li>{`and ${failed.length - mostProblems} more: sort the table by state`}</li>}
    </ul>
  )
}

function saveCsv(): void {
  const content = comparisonCsv(ordered.value.flatMap(({ runs }) => runs))
  host.post({ type: 'export', name: 'runs.csv', content, encoding: 'utf8' })
}
