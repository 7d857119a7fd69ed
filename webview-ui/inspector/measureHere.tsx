// Measuring in place what pruning by a method would cost: any method, all blocks or the first one first.
import { useState } from 'preact/hooks'
import { methodOf } from '../../src/catalog/methods/methods.ts'
import { roughDuration } from '../../src/formatting/numbers.ts'
import type { MeasurableMethod } from '../../src/protocol/inspect.ts'
import { Button } from '../shared/button.tsx'
import { Select } from '../shared/parts.tsx'
import { host } from './host.ts'
import { measurable, measuring, measuringProblem } from './store.ts'

const untrusted = 'An analysis runs the model, so it needs a trusted workspace.'

/** How far measuring is, or the way to begin: text and depth are asked for. */
export function Analyse() {
  const going = measuring.value
  if (going) {
    const share = going.total > 0 ? going.done / going.total : 0
    return (
      <span class="row">
        <progress max={1} value={share} aria-label="Measuring" />
        <span class="muted" role="status">{`${Math.round(100 * share)} %`}</span>
        <Button act={() => host.post({ type: 'analyseCancel' })}>Stop</Button>
      </span>
    )
  }
  return (
    <span class="row">
      <Button
        act={() => host.post({ type: 'analyse' })}
        title="Runs text of your choice through the model to measure its inputs, and what pruning each matrix would cost"
        untrusted={untrusted}
      >
        Analyse…
      </Button>
      <span class="muted" role="status">
        {measuringProblem.value}
      </span>
    </span>
  )
}

function standing({ measured, blocks }: MeasurableMethod): string {
  if (measured >= blocks) return ' (measured)'
  return measured > 0 ? ` (${measured} of ${blocks} blocks)` : ''
}

/** One method more, on the text that is known, without a question. */
export function MeasureHere() {
  const methods = measurable.value
  const [chosen, setChosen] = useState<string | null>(null)
  const left = methods.filter(({ measured, blocks }) => measured < blocks)
  const one = methods.find(({ method }) => method === chosen) ?? left.at(0) ?? methods.at(0)
  if (!one || measuring.value) return null
  const { method, measured, blocks, seconds } = one
  const { title } = methodOf(method)
  const isDone = measured >= blocks
  const start = (some: { blocks?: number } = {}) => host.post({ type: 'analyse', methods: [method], ...some })
  return (
    <div class="row">
      <Select
        label="Method to measure"
        options={methods.map((each) => ({
          value: each.method,
          text: `${methodOf(each.method).title}${standing(each)}`,
        }))}
        value={method}
        onChoose={setChosen}
      />
      <Button
        act={() => start()}
        disabled={isDone}
        title={`Measures what pruning by ${title} would cost each matrix, on the text of the analysis`}
        untrusted={untrusted}
      >
        {isDone ? `${title} is measured` : `Measure ${title} here (about ${roughDuration(seconds)})`}
      </Button>
      {measured === 0 && blocks > 1 && (
        <Button
          act={() => start({ blocks: 1 })}
          title="Measures the first block alone, which takes a fraction of the time, and shows it on the map"
          untrusted={untrusted}
        >
          One block first
        </Button>
      )}
    </div>
  )
}
