// Everything that has a good default, closed until somebody wants it: its values in a line, its fields, what it takes, the recipe's text.
import { useState } from 'preact/hooks'
import { unstructured } from '../../src/recipe/defaults.ts'
import { choosesLoss, spreadIn, trains } from '../../src/recipe/writing/recipeText.ts'
import { detailsLine, isDetailWrong, plan, planProblem, planTiles } from './outcome.ts'
import { Facts } from '../shared/parts.tsx'
import type { Browse } from './choices.tsx'
import { FormField, NumberField, Problems, SelectField, Several, TextField, WrittenField } from './fields.tsx'
import {
  comparisons,
  lossOptions,
  methodHint,
  methodOptions,
  recoveryOptions,
  spreadHint,
  spreadOptions,
  trainOptions,
} from './options.ts'
import { change, choose, form, isComplete, needsText, settled, start, text, type Compared, type Form } from './store.ts'

export function Details({ browse }: { browse: Browse }) {
  const [isOpen, setOpen] = useState(false)
  const now = form.value
  if (!now) return null
  return (
    <details
      class="details"
      open={isOpen || isDetailWrong.value}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>
        Details <span class="muted">{detailsLine}</span>
      </summary>
      {now.choices.method !== null && <Pruning now={now} />}
      <Recovery now={now} browse={browse} />
      <Texts now={now} browse={browse} />
      <Sweep now={now} />
      <WrittenField
        name="output"
        label="Folder"
        hint="It must not exist yet. The recipe is written beside the model, with the same name."
        value={now.output ?? settled.value?.saveTo ?? ''}
        onChange={(next) => change({ output: next })}
      />
      <Outcome />
    </details>
  )
}

function Pruning({ now: { choices, compared } }: { now: Form }) {
  const { pattern, sparsity, method } = choices
  const spread = spreadIn(settled.value ?? choices)
  return (
    <>
      {method !== null && compared !== 'prune.0.method' && (
        <SelectField
          name="method"
          label="Method"
          hint={methodHint(method, pattern)}
          options={methodOptions(pattern)}
          value={method}
          onChoose={({ value }) => choose({ method: value })}
        />
      )}
      {pattern === unstructured && (
        <SelectField
          name="spread"
          label="Allocation"
          hint={spreadHint(spread, sparsity)}
          options={spreadOptions}
          value={spread}
          onChoose={({ value }) => choose({ spread: value })}
        />
      )}
    </>
  )
}

interface Props {
  readonly now: Form
  readonly browse: Browse
}

function Recovery({ now: { choices }, browse }: Props) {
  const { pattern, recoveries, adapter, train, loss = 'text', steps, method } = choices
  const offered = recoveryOptions(pattern, start.value?.canRetrain ?? false)
  return (
    <>
      {method !== null && (
        <SelectField
          name="recovery"
          label="Recovery"
          hint={offered.find(({ value }) => value === recoveries.join())?.hint}
          options={offered}
          value={recoveries.join()}
          onChoose={({ modes }) => choose({ recoveries: modes })}
        />
      )}
      {recoveries.includes('merge') && (
        <WrittenField
          name="adapter"
          label="Folder of the adapter"
          hint="It has adapter_config.json and adapter_model.safetensors, of a LoRA for this model. Relative to the recipe."
          value={adapter ?? ''}
          onChange={(next) => choose({ adapter: next })}
          browse={() => browse('adapter')}
        />
      )}
      {trains(recoveries) && (
        <>
          <Several
            name="train"
            label={recoveries.length > 1 ? 'Retraining trains' : 'Trains'}
            options={trainOptions}
            value={train}
            onChoose={(next) => choose({ train: next })}
          />
          <FormField name="steps" label={recoveries.includes('reconstruct') ? 'Steps, for each block too' : 'Steps'}>
            <NumberField id="steps" value={steps} onChange={(next) => choose({ steps: next })} />
          </FormField>
        </>
      )}
      {choosesLoss(choices) && (
        <SelectField
          name="loss"
          label="Loss"
          hint={lossOptions.find(({ value }) => value === loss)?.hint}
          options={lossOptions}
          value={loss}
          onChoose={({ value }) => choose({ loss: value })}
        />
      )}
    </>
  )
}

function Texts({ now: { choices }, browse }: Props) {
  const { data, secondData = null, samples, seqLen, evaluateOn, recoveries } = choices
  return (
    <>
      {needsText.value && data !== null && (
        <TextField
          use="secondData"
          name="secondData"
          label="Second text"
          hint="Of another kind that the model will read, such as code beside prose: half of the windows come from each. On a kind that it had learnt nothing from, the text was worth more than the method."
          browse={browse}
        />
      )}
      {needsText.value && (
        <FormField name="windows" label={data !== null && secondData !== null ? 'Windows of both' : 'Windows'}>
          <NumberField id="windows" value={samples} onChange={(next) => choose({ samples: next })} />
          of
          <NumberField
            id="seqLen"
            label="Tokens of a window"
            value={seqLen}
            onChange={(next) => choose({ seqLen: next })}
          />
          tokens
        </FormField>
      )}
      {evaluateOn !== null && trains(recoveries) && (
        <TextField
          use="evaluateOther"
          name="other"
          label="Measure on, too"
          hint="Text of another kind. Half of what recovery wins may be getting used to the kind of text it trains on: this tells what stays."
          browse={browse}
        />
      )}
    </>
  )
}

/** Values that are written, by what varies. */
const written = { 'prune.0.sparsity': 'sparsities', 'recover.lr': 'rates', seed: 'seeds' } as const

function Sweep({ now }: { now: Form }) {
  const { choices, compared, methods } = now
  const { method, pattern, recoveries } = choices
  const offered = comparisons(method !== null, pattern, needsText.value, trains(recoveries), compared)
  const all = methodOptions(pattern)
  const compare = (next: Compared) =>
    change({ compared: next, methods: next === 'prune.0.method' ? all.slice(0, 2).map(({ value }) => value) : [] })
  const values = compared === null || compared === 'prune.0.method' ? null : written[compared]
  return (
    <>
      <FormField name="compared" label="Sweep" hint="A run for each of several values, side by side.">
        <input
          type="checkbox"
          id="compared"
          checked={compared !== null}
          onChange={({ currentTarget }) => compare(currentTarget.checked ? offered[0].value : null)}
        />
        {compared !== null && (
          <select
            aria-label="What varies"
            value={compared}
            onChange={({ currentTarget }) => compare(offered[currentTarget.selectedIndex].value)}
          >
            {offered.map(({ value, label, hint }) => (
              <option value={value} title={hint}>
                {label}
              </option>
            ))}
          </select>
        )}
        {values && (
          <input
            class="wide"
            aria-label="Values"
            spellcheck={false}
            value={now[values]}
            onInput={({ currentTarget }) => change({ [values]: currentTarget.value })}
          />
        )}
      </FormField>
      {compared === 'prune.0.method' && (
        <Several
          name="method"
          label="Methods"
          options={all}
          value={methods}
          onChoose={(next) => change({ methods: next })}
        />
      )}
    </>
  )
}

function Outcome() {
  const runs = settled.value?.compare?.values.length ?? 1
  const estimates = plan.value && planTiles(plan.value, runs)
  return (
    <div class="outcome">
      <section aria-label="Estimates" aria-busy={isComplete.value && !estimates && planProblem.value === null}>
        <h2>{runs > 1 ? `Each of ${runs} runs` : 'The run'}</h2>
        {estimates ? (
          <Facts facts={estimates.map(([value, what]) => [what, value])} />
        ) : (
          <p class={planProblem.value === null ? 'muted' : 'problem'}>
            {planProblem.value ?? (isComplete.value ? 'Reading the model’s header…' : 'Complete the form to see it.')}
          </p>
        )}
        <Problems of="recipe" />
      </section>
      <section aria-label="Recipe">
        <h2>The recipe</h2>
        <pre class="mono" tabindex={0}>
          {text}
        </pre>
      </section>
    </div>
  )
}
