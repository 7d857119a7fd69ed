// The top of the page: what is compared, how far it is, what went wrong, and what can be done with it.
import { countsText } from '../../src/runs/compared/comparisonTable.ts'
import type { ComparedRow, FromSweep } from '../../src/protocol/sweepView.ts'
import { Button } from '../shared/button.tsx'
import { Warnings } from '../shared/parts.tsx'
import { settings } from '../shared/settings.ts'
import { host } from './host.ts'
import { exportTable, rows, what } from './store.ts'

/** More would push the table out of sight. */
const mostProblems = 5

export function Head() {
  const { kind = 'comparison', title = '', about = '', isSubmitted = false } = what.value ?? {}
  const states = rows.value.map(({ state }) => state)
  const has = (...some: ComparedRow['state'][]) => states.some((state) => some.includes(state))
  const isSweep = kind === 'sweep'
  // Without a scheduler runs wait for Continue while none runs.
  const isLive = has('running') || (isSubmitted && has('waiting'))
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
          {mayRun && isLive && (
            <Button act={act('cancel')} title="Stop the runs of this sweep; they can be continued later">
              Cancel
            </Button>
          )}
          {mayRun && !isLive && has('failed', 'cancelled', 'waiting') && (
            <Button act={act('goOn')} title="Run what is not done yet">
              Continue
            </Button>
          )}
          {mayRun && (
            <Button act={act('report')} title="Table, picture and curves as one HTML page">
              Report
            </Button>
          )}
          {isSweep && (
            <Button act={act('recipe')} title="The recipe of this sweep">
              Recipe
            </Button>
          )}
          <Button act={exportTable} title="The selected rows, else all that are shown, as LaTeX, Markdown or CSV">
            Export Table…
          </Button>
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

const act = (what: Extract<FromSweep, { type: 'act' }>['what']) => () => host.post({ type: 'act', what })

function Problems({ failed }: { failed: readonly ComparedRow[] }) {
  const shown = failed.slice(0, mostProblems).map(({ key, label, message, isBegun }) => (
    <>
      {`${label}: ${message ?? 'failed'} `}
      {isBegun && (
        <Button look="secondary small" act={() => host.post({ type: 'openRun', run: key })}>
          Open
        </Button>
      )}
    </>
  ))
  const more = failed.length - mostProblems
  return (
    <Warnings
      label="Runs that failed"
      of={more > 0 ? [...shown, `and ${more} more: sort the table by state`] : shown}
    />
  )
}
