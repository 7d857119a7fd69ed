// Settings with good defaults, folded: their values in one line, their fields, the cost of the run, the recipe's text.
import type { ComponentChild } from 'preact'
import { useState } from 'preact/hooks'
import { unstructured } from '../../src/recipe/defaults.ts'
import type { FormField } from '../../src/recipe/settings/fields.ts'
import { Facts } from '../shared/parts.tsx'
import type { Browse } from './choices.tsx'
import { FieldRow, PlainField, Problems, SelectField, Several, TextField } from './fields.tsx'
import { comparisons, methodOptions, selects, trainOptions } from './options.ts'
import { detailsLine, isDetailWrong, plan, planFacts, planProblem, runs, text } from './outcome.ts'
import {
  change,
  choose,
  form,
  lacksText,
  needsText,
  start,
  trains,
  written,
  type Compared,
  type Form,
} from './store.ts'

interface Props {
  readonly field: FormField
  readonly now: Form
  readonly browse: Browse
}

export function Details({ browse }: { browse: Browse }) {
  const [isOpen, setOpen] = useState(false)
  const now = form.value
  if (!now) return null
  const shown = [...Object.keys(written.value?.fields ?? {}), 'recover.mode', 'save.to', 'sweep']
  return (
    <details
      class="details"
      open={isOpen || isDetailWrong.value}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>
        Details <span class="muted">{detailsLine}</span>
      </summary>
      {start.value?.fields.map((field) => {
        const { path } = field
        if (!shown.includes(path) || (path === 'prune.method' && now.compared === 'prune.0.method')) return null
        const Own = Object.hasOwn(controls, path) ? controls[path] : null
        if (Own) return <Own key={path} field={field} now={now} browse={browse} />
        return path in selects ? <SelectField key={path} field={field} /> : <PlainField key={path} field={field} />
      })}
      <Outcome />
    </details>
  )
}

/** Controls of fields that cannot be made from their settings row alone, by the path of the setting. */
const controls: Readonly<Record<string, (props: Props) => ComponentChild>> = {
  'prune.sparsity': () => null,
  'calibration.data': MoreText,
  'recover.train': Trains,
  'recover.adapter': ({ field, browse }) => <PlainField field={field} browse={() => browse('adapter')} />,
  'evaluate.data': MoreText,
  sweep: Sweep,
}

/** A second text beside the chosen one. */
function MoreText({ field: { path }, now: { choices }, browse }: Props) {
  const isMeasured = path === 'evaluate.data'
  const { data } = isMeasured ? choices.evaluate : choices.calibration
  if (data.length === 0 || (isMeasured && !trains(choices.recover))) return null
  const [label, hint] = isMeasured
    ? [
        'Also measure on',
        'Text of another kind. Half of the gain of recovery may come from adapting to its training text. This text shows the gain that remains.',
      ]
    : [
        'Second text',
        'Text of another kind that the model will read, such as code beside prose. Half of the windows come from each. For a kind missing from the calibration, adding it helped more than a better method.',
      ]
  return <TextField use={[isMeasured ? 'evaluate' : 'calibration', 1]} label={label} hint={hint} browse={browse} />
}

function Trains({ now: { choices } }: Props) {
  const { recover } = choices
  const last = recover.at(-1)
  if (!last) return null
  return (
    <Several
      path="recover.train"
      label={recover.length > 1 ? 'Retraining trains' : 'Trains'}
      options={trainOptions}
      value={last.train ?? []}
      onChoose={(train) => choose({ recover: [...recover.slice(0, -1), { ...last, train }] })}
    />
  )
}

function Sweep({ now }: Props) {
  const { choices, compared, methods, values } = now
  const offered = comparisons(choices, needsText.value, compared)
  const all = methodOptions(choices.prune?.pattern ?? unstructured)
  const compare = (next: Compared) =>
    change({ compared: next, methods: next === 'prune.0.method' ? all.slice(0, 2).map(({ value }) => value) : [] })
  return (
    <>
      <FieldRow path="sweep">
        <input
          type="checkbox"
          id="sweep"
          checked={compared !== null}
          disabled={offered.length === 0}
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
        {compared !== null && compared !== 'prune.0.method' && (
          <input
            class="wide"
            aria-label="Values"
            spellcheck={false}
            value={values[compared]}
            onInput={({ currentTarget }) => change({ values: { ...values, [compared]: currentTarget.value } })}
          />
        )}
      </FieldRow>
      {compared === 'prune.0.method' && (
        <Several
          path="prune.method"
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
  const waits = plan.value === null && planProblem.value === null
  return (
    <div class="outcome">
      <section aria-label="Estimates" aria-busy={waits && !lacksText.value}>
        <h2>{runs.value > 1 ? `Each of ${runs.value} runs` : 'The run'}</h2>
        {plan.value ? (
          <Facts facts={planFacts(plan.value)} />
        ) : (
          <p class={waits ? 'muted' : 'problem'}>
            {planProblem.value ?? (lacksText.value ? 'Choose a text to see it.' : 'Reading the model’s header…')}
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
