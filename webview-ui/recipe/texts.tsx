// The texts that a recipe reads: to calibrate and train on, and to measure on.
import { methodOf } from '../../src/catalog/methods/methods.ts'
import type { TextUse } from '../../src/protocol/view.ts'
import { trains, type RecipeChoices } from '../../src/recipe/writing/recipeText.ts'
import { FormField, NumberField, TextField } from './fields.tsx'
import { choose, needsText } from './store.ts'

interface TextsProps {
  readonly choices: RecipeChoices
  readonly browse: (use: TextUse) => void
}

export function Texts(props: TextsProps) {
  return (
    <>
      {needsText.value ? <LearntFrom {...props} /> : <Unread {...props} />}
      <MeasuredOn {...props} />
    </>
  )
}

function Unread({ choices: { method, recoveries } }: TextsProps) {
  const way = recoveries.length > 0 ? 'with a merged adapter' : 'without recovery'
  return <p class="muted">{method === null ? '' : `${methodOf(method).title} ${way} reads no text.`}</p>
}

function LearntFrom({ choices: { method, data, secondData = null, samples, seqLen }, browse }: TextsProps) {
  const both = data !== null && secondData !== null
  return (
    <>
      <FormField name="data" label={method === null ? 'To train on' : 'To calibrate and train on'}>
        <TextField
          use="data"
          id="data"
          value={data}
          none="No text yet"
          onChoose={(path) => choose({ data: path })}
          browse={browse}
        />
      </FormField>
      {data !== null && (
        <FormField
          name="secondData"
          label="And on a second text"
          hint="Of another kind that the model will read, such as code beside prose: half of the windows come from each. On a kind that it had learnt nothing from, the text was worth more than the method."
        >
          <TextField
            use="secondData"
            id="secondData"
            value={secondData}
            none="None"
            onChoose={(path) => choose({ secondData: path })}
            browse={browse}
          />
        </FormField>
      )}
      <FormField name="windows" label={both ? 'Windows of both together' : 'Windows of it'}>
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
    </>
  )
}

function MeasuredOn({ choices: { evaluateOn, evaluateOther, recoveries, evaluationLen }, browse }: TextsProps) {
  return (
    <>
      <FormField
        name="evaluation"
        label="To measure perplexity on"
        hint={
          evaluateOn === null
            ? 'Without one nobody learns what pruning cost.'
            : `In windows of ${evaluationLen} tokens. Choose one that nothing is trained on.`
        }
      >
        <TextField
          use="evaluateOn"
          id="evaluation"
          value={evaluateOn}
          none="None"
          onChoose={(path) => choose({ evaluateOn: path })}
          browse={browse}
        />
      </FormField>
      {evaluateOn !== null && trains(recoveries) && (
        <FormField
          name="other"
          label="And on text of another kind"
          hint="Half of what recovery wins may be getting used to the kind of text it trains on. This tells what stays."
        >
          <TextField
            use="evaluateOther"
            id="other"
            value={evaluateOther ?? null}
            none="None"
            onChoose={(path) => choose({ evaluateOther: path })}
            browse={browse}
          />
        </FormField>
      )}
    </>
  )
}
