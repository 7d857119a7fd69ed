// Measuring in place what pruning by a method would cost: any method, all blocks or the first one first.
import { useState } from 'preact/hooks'
import type { MeasurableMethod } from '../../src/shared/analysis/plannedMap.ts'
import { methodOf } from '../../src/shared/methods/methods.ts'
import { settings } from '../shared/settings.ts'
import { host } from './host.ts'
import { measurable, plan } from './planStore.ts'
import { spanText } from './spanText.ts'
import { measuring, measuringProblem } from './store.ts'

export function MeasureHere() {
  const going = measuring.value
  const { trusted } = settings.value
  const why = trusted
    ? 'Runs text of your choice through the model to measure its inputs, and what pruning each matrix would cost'
    : 'An analysis runs the model, so it needs a trusted workspace.'
  if (going) {
    const share = going.total > 0 ? going.done / going.total : 0
    return (
      <span class="row">
        <progress max={1} value={share} aria-label="Measuring" />
        <span class="muted" role="status">{`${Math.round(100 * share)} %`}</span>
        <button type="button" class="secondary" onClick={() => host.post({ type: 'analyseCancel' })}>
          Stop
        </button>
      </span>
    )
  }
  return (
    <span class="row">
      <Choice methods={measurable.value} disabled={!trusted} />
      <button
        type="button"
        class="secondary"
        disabled={!trusted}
        title={why}
        onClick={() => host.post({ type: 'analyse' })}
      >
        Analyse…
      </button>
      <span class="muted" role="status">
        {measuringProblem.value}
      </span>
    </span>
  )
}

function Choice({ methods, disabled }: { methods: readonly MeasurableMethod[]; disabled: boolean }) {
  const [chosen, setChosen] = useState<string | null>(null)
  const left = methods.filter(({ measured, blocks }) => measured < blocks)
  const one =
    methods.find(({ method }) => method === chosen) ??
    left.find(({ method }) => method === plan.value?.method) ??
    left.at(0) ??
    methods.at(0)
  if (!one) return null
  const { method, measured, blocks, seconds } = one
  const { title } = methodOf(method)
  const isDone = measured >= blocks
  const start = (some: { blocks?: number } = {}) => host.post({ type: 'analyse', methods: [method], ...some })
  return (
    <>
      <select aria-label="Method to measure" value={method} onChange={(event) => setChosen(event.currentTarget.value)}>
        {methods.map((each) => (
          <option value={each.method}>
            {methodOf(each.method).title}
            {each.measured >= each.blocks
              ? ' (measured)'
              : each.measured > 0
                ? ` (${each.measured} of ${each.blocks} blocks)`
                : ''}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="secondary"
        disabled={disabled || isDone}
        title={`Measures what pruning by ${title} would cost each matrix, on the text of the analysis`}
        onClick={() => start()}
      >
        {isDone ? `${title} is measured` : `Measure ${title} here${seconds ? ` (about ${spanText(seconds)})` : ''}`}
      </button>
      {measured === 0 && blocks > 1 && (
        <button
          type="button"
          class="secondary"
          disabled={disabled}
          title="Measures the first block alone, which takes a fraction of the time, and shows it on the map"
          onClick={() => start({ blocks: 1 })}
        >
          One block first
        </button>
      )}
    </>
  )
}
