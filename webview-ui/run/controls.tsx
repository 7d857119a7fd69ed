// Smoothing, and the other runs that are laid over this one.
import { useSignal } from '@preact/signals'
import { runLabel } from '../../src/formatting/paths.ts'
import { plural } from '../../src/formatting/numbers.ts'
import { charts } from './charts.ts'
import { current, options, overlaid, overlay, runs, smoothing } from './store.ts'

export function Controls() {
  const others = runs.value.filter(({ folder }) => folder !== current.value)
  const smooths = charts.value.loss.series.length > 0
  if (!smooths && others.length === 0) return null
  const choose = (value: string) => (options.value = { ...options.value, smoothing: Number(value) })
  return (
    <div class="row controls">
      {smooths && (
        <label class="row">
          smoothing
          <input
            type="range"
            min={0}
            max={0.99}
            step={0.01}
            aria-label="Smoothing"
            value={smoothing.value}
            onInput={(event) => choose(event.currentTarget.value)}
          />
          <output>{smoothing.value.toFixed(2)}</output>
        </label>
      )}
      {others.length > 0 && <Overlays others={others} />}
    </div>
  )
}

function Overlays({ others }: { others: (typeof runs)['value'] }) {
  const open = useSignal(true)
  const on = others.filter(({ folder }) => overlaid.value.has(folder)).length
  const all = plural(others.length, 'other run')
  return (
    <details class="overlays" open={open.value} onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>{on === 0 ? `Overlay: ${all}` : `Overlay: ${on} of ${all}`}</summary>
      <div class="tiled overlayList" role="group" aria-label="Runs overlaid on this one">
        {others.map((run) => (
          <label key={run.folder} class="cut" title={run.folder}>
            <input
              type="checkbox"
              checked={overlaid.value.has(run.folder)}
              onChange={(event) => overlay(run.folder, event.currentTarget.checked)}
            />{' '}
            <span>{run.status === 'done' ? runLabel(run) : `${runLabel(run)}, ${run.status}`}</span>
          </label>
        ))}
      </div>
    </details>
  )
}
