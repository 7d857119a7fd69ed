// Pieces of the form: a field with what is wrong with it, a choice among several, a text that a recipe reads.
import type { ComponentChildren } from 'preact'
import type { TextUse } from '../../src/protocol/view.ts'
import { Button } from '../shared/button.tsx'
import type { Field } from '../../src/recipe/settings/row.ts'
import { problems } from './outcome.ts'
import { chooseText, form } from './store.ts'

interface FieldProps {
  readonly name: Field
  readonly label: string
  /** What the pointer and a screen reader are told. */
  readonly hint?: string
  readonly children: ComponentChildren
}

/** A control whose id is `name`, after its label. */
export function FormField({ name, label, hint, children }: FieldProps) {
  return (
    <div class="field" title={hint}>
      <label for={name}>{label}</label>
      <div class="row">{children}</div>
      {hint && (
        <span class="srOnly" id={`${name}-hint`}>
          {hint}
        </span>
      )}
      <Problems of={name} />
    </div>
  )
}

/** What describes the control with this id to a screen reader. */
const describes = (id: string) => `${id}-hint ${id}-problem`

export function Problems({ of }: { of: Field }) {
  return (
    <div aria-live="polite" id={`${of}-problem`}>
      {problems.value.get(of)?.map(({ severity, message }) => (
        <p class={severity === 'error' ? 'problem' : 'doubt'}>{message}</p>
      ))}
    </div>
  )
}

export interface Option<T> {
  readonly value: T
  readonly label: string
  readonly hint?: string
}

interface SeveralProps<T> {
  readonly name: Field
  readonly label: string
  readonly options: readonly Option<T>[]
  readonly value: readonly T[]
  readonly onChoose: (value: T[]) => void
}

/** Several that may hold at once. */
export function Several<T extends string>({ name, label, options, value, onChoose }: SeveralProps<T>) {
  const toggled = (one: T) => options.map((o) => o.value).filter((o) => value.includes(o) !== (o === one))
  return (
    <div class="field" role="group" aria-label={label}>
      <span>{label}</span>
      <div class="row">
        {options.map((option) => (
          <label class="row" title={option.hint}>
            <input
              type="checkbox"
              checked={value.includes(option.value)}
              onChange={() => onChoose(toggled(option.value))}
            />
            {option.label}
          </label>
        ))}
      </div>
      <Problems of={name} />
    </div>
  )
}

interface SelectFieldProps<O extends Option<unknown>> extends Omit<FieldProps, 'children'> {
  readonly options: readonly O[]
  readonly value: O['value']
  readonly onChoose: (option: O) => void
}

/** One of many. */
export function SelectField<O extends Option<string>>({ options, value, onChoose, ...field }: SelectFieldProps<O>) {
  return (
    <FormField {...field}>
      <select
        id={field.name}
        aria-describedby={describes(field.name)}
        value={value}
        onChange={(event) => onChoose(options[event.currentTarget.selectedIndex])}
      >
        {options.map((option) => (
          <option value={option.value}>{option.label}</option>
        ))}
      </select>
    </FormField>
  )
}

interface WrittenProps extends Omit<FieldProps, 'children'> {
  readonly value: string
  readonly onChange: (value: string) => void
  readonly browse?: () => void
}

/** What a person writes, as they write it. */
export function WrittenField({ value, onChange, browse, ...field }: WrittenProps) {
  return (
    <FormField {...field}>
      <input
        id={field.name}
        aria-describedby={describes(field.name)}
        class="wide"
        spellcheck={false}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      {browse && <Button act={browse}>Browse…</Button>}
    </FormField>
  )
}

interface NumberProps {
  readonly id: string
  readonly label?: string
  readonly value: number
  readonly onChange: (value: number) => void
}

/** `label` where no label of the page names it. */
export function NumberField({ id, label, value, onChange }: NumberProps) {
  return (
    <input
      type="number"
      id={id}
      aria-label={label}
      aria-describedby={describes(id)}
      min={1}
      value={Number.isFinite(value) ? value : ''}
      onInput={({ currentTarget }) => onChange(currentTarget.valueAsNumber)}
    />
  )
}

interface TextFieldProps extends Omit<FieldProps, 'children'> {
  readonly use: TextUse
  /** Its words where no text is chosen. */
  readonly none?: string
  /** Beside it. */
  readonly note?: string
  readonly browse: (use: TextUse) => void
}

/** One of the texts near the model, or another. */
export function TextField({ use, none = 'None', note, browse, ...field }: TextFieldProps) {
  return (
    <FormField {...field}>
      <select
        id={field.name}
        aria-describedby={describes(field.name)}
        value={form.value?.choices[use] ?? ''}
        onChange={({ currentTarget }) => chooseText(use, currentTarget.value || null)}
      >
        <option value="">{none}</option>
        {form.value?.texts.map((path) => (
          <option value={path}>{path}</option>
        ))}
      </select>
      <Button act={() => browse(use)}>Browse…</Button>
      {note && <span class="muted">{note}</span>}
    </FormField>
  )
}
