// Measures in place what pruning each matrix and each block of a dense model would cost, by one method on one text.
import { methodOf } from '../../src/catalog/methods/methods.ts'
import { roughDuration } from '../../src/formatting/numbers.ts'
import { Button } from '../shared/button.tsx'
import { host, known, measurable, measuring, measuringProblem, model } from './store.ts'
import { isDenseSoFar } from './summary.ts'

/** The cheapest score that reads the inputs, which is enough for a ranking. */
const askedMethod = 'wanda'

/** Empty where nothing can be measured. Progress replaces the button, also of an analysis that a command started. */
export function PruningCost() {
  const going = measuring.value
  const problem = measuringProblem.value
  const one = measurable.value.find(({ method }) => method === askedMethod)
  const isAsked = one !== undefined && isDenseSoFar(model.value?.tensors ?? [], known.value.stats)
  if (model.value?.lookOnly || !(going || problem || isAsked)) return null
  return (
    <div class="row pruningCost" role="group" aria-label="Cost of pruning">
      <span>What would pruning cost?</span>
      {going ? <Progress {...going} /> : one && isAsked && <Measure {...one} />}
      <span class={problem ? 'problem' : 'srOnly'} role="status">
        {problem}
      </span>
    </div>
  )
}

function Progress({ done, total }: { done: number; total: number }) {
  const share = total > 0 ? done / total : undefined
  return (
    <>
      <progress max={1} value={share} aria-label="Measuring" />
      <span class="muted">{share === undefined ? 'starting…' : `${Math.round(100 * share)} %`}</span>
      <Button act={() => host.post({ type: 'analyseCancel' })}>Stop</Button>
    </>
  )
}

function Measure({ measured, blocks, seconds }: { measured: number; blocks: number; seconds: number }) {
  const { title } = methodOf(askedMethod)
  if (measured >= blocks)
    return <span class="muted">{`Measured with ${title}, by block and by matrix. Choose either under Colour.`}</span>
  return (
    <>
      <Button
        act={() => host.post({ type: 'analyse', methods: [askedMethod] })}
        title={`Runs a text through the model and measures what pruning by ${title} costs: the output error of each matrix, and the model's loss for each block`}
        untrusted="An analysis runs the model, so it needs a trusted workspace."
      >
        {`Measure ${title}, about ${roughDuration(seconds)}`}
      </Button>
      <small>{measured > 0 ? `${measured} of ${blocks} blocks measured` : 'by matrix and by block, in place'}</small>
    </>
  )
}
