// The questions, each with a default.
import type { BrowsedFor } from '../../src/protocol/view.ts'
import { unstructured } from '../../src/recipe/defaults.ts'
import { choosesLoss, spreadIn, trains } from '../../src/recipe/writing/recipeText.ts'
import { Choice, FormField, NumberField, SelectField, Several, WrittenField } from './fields.tsx'
import { shareOf } from './numberLists.ts'
import {
  comparisons,
  lossOptions,
  methodHint,
  methodOptions,
  patterns,
  recoveryOptions,
  spreadHint,
  spreadOptions,
  trainOptions,
} from './options.ts'
import { change, choose, form, needsText, settled, start, type Form } from './store.ts'
import { Texts } from './texts.tsx'

type Browse = (use: BrowsedFor) => void

export function Choices({ browse }: { browse: Browse }) {
  const now = form.value
  if (!now) return null
  const prunes = now.choices.method !== null
  return (
    <div class="choices">
      <fieldset>
        <legend>Runs</legend>
        <Runs now={now} />
      </fieldset>
      {prunes && (
        <fieldset>
          <legend>Pruning</legend>
          <Pruning now={now} />
        </fieldset>
      )}
      <fieldset>
        <legend>Recovery</legend>
        <Recovery now={now} browse={browse} />
      </fieldset>
      <fieldset>
        <legend>Texts</legend>
        <Texts choices={now.choices} browse={browse} />
      </fieldset>
      <fieldset>
        <legend>Result</legend>
        <Output now={now} />
      </fieldset>
    </div>
  )
}

function Runs({ now: { choices, compared } }: { now: Form }) {
  return (
    <Choice
      name="runs"
      label="One run, or several side by side"
      options={comparisons(choices.method !== null, choices.pattern, needsText.value, trains(choices.recoveries))}
      value={compared}
      onChoose={(next) =>
        change({ compared: next, methods: next === 'prune.0.method' ? bestTwo(choices.pattern) : [] })
      }
    />
  )
}

const bestTwo = (pattern: string) =>
  methodOptions(pattern)
    .slice(0, 2)
    .map(({ value }) => value)

function Pruning({ now: { choices, compared, sparsities, methods } }: { now: Form }) {
  const { pattern, sparsity, method } = choices
  const fixed = compared === 'prune.0.sparsity'
  const percent = Number((100 * sparsity).toFixed(4))
  const offered = methodOptions(pattern)
  const all = settled.value ?? choices
  return (
    <>
      <Choice
        name="pattern"
        label="Pattern"
        options={patterns.map((one) => ({ ...one, disabled: fixed && one.value !== unstructured }))}
        value={pattern}
        onChoose={(next) => choose({ pattern: next })}
      />
      {fixed ? (
        <WrittenField
          name="compared"
          label="Sparsities, in percent"
          value={sparsities}
          onChange={(next) => change({ sparsities: next })}
        />
      ) : (
        pattern === unstructured && (
          <FormField name="sparsity" label="Sparsity, in percent" hint="Share of the weights that become zero.">
            <NumberField id="sparsity" value={percent} onChange={(next) => choose({ sparsity: shareOf(next) })} />
            <input
              type="range"
              aria-label="Sparsity"
              min={5}
              max={95}
              step={5}
              value={percent}
              onInput={({ currentTarget }) => choose({ sparsity: shareOf(currentTarget.valueAsNumber) })}
            />
          </FormField>
        )
      )}
      {pattern === unstructured && (
        <SelectField
          name="spread"
          label="Spread over the blocks"
          hint={spreadHint(spreadIn(all), sparsity)}
          options={spreadOptions}
          value={spreadIn(all)}
          onChoose={({ value }) => choose({ spread: value })}
        />
      )}
      {compared === 'prune.0.method' ? (
        <Several
          name="compared"
          label="Methods"
          options={offered}
          value={methods}
          onChoose={(next) => change({ methods: next })}
        />
      ) : (
        method !== null && (
          <SelectField
            name="method"
            label="Method"
            hint={methodHint(method, pattern)}
            options={offered}
            value={method}
            onChoose={({ value }) => choose({ method: value })}
          />
        )
      )}
    </>
  )
}

function Recovery({ now: { choices, compared, rates, seeds }, browse }: { now: Form; browse: Browse }) {
  const { pattern, recoveries, adapter, train, loss = 'text', steps, method } = choices
  const offered = recoveryOptions(pattern, start.value?.canRetrain ?? false)
  const known = offered.find(({ value }) => value === recoveries.join())
  return (
    <>
      {method === null ? (
        <p class="muted">Its zeros stay as they are; the whole model is retrained around them.</p>
      ) : (
        <SelectField
          name="recovery"
          label="What wins back the loss"
          hint={known?.hint}
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
            label={recoveries.length > 1 ? 'What retraining trains' : 'What is trained'}
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
          label="What retraining learns from"
          hint={lossOptions.find(({ value }) => value === loss)?.hint}
          options={lossOptions}
          value={loss}
          onChoose={({ value }) => choose({ loss: value })}
        />
      )}
      {compared === 'recover.lr' && (
        <WrittenField
          name="compared"
          label={recoveries.length > 1 ? 'Learning rates of the reconstruction' : 'Learning rates'}
          value={rates}
          onChange={(next) => change({ rates: next })}
        />
      )}
      {compared === 'seed' && (
        <WrittenField name="compared" label="Seeds" value={seeds} onChange={(next) => change({ seeds: next })} />
      )}
    </>
  )
}

function Output({ now: { output } }: { now: Form }) {
  const saveTo = settled.value?.saveTo ?? ''
  return (
    <WrittenField
      name="output"
      label="Folder"
      hint="It must not exist yet. The recipe is written beside the model, with the same name."
      value={output ?? saveTo}
      onChange={(next) => change({ output: next })}
    />
  )
}
