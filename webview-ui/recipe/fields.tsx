// Pieces of the form: a field with what is wrong with it, a choice among a few, a text that a recipe reads.
import type { ComponentChildren } from 'preact'
import type { TextUse } from '../../src/protocol/view.ts'
import { Button } from '../shared/button.tsx'
import type { Field } from '../../src/recipe/settings/row.ts'
import { form, problems } from './store.ts'

export interface FieldProps {
  readonly name: Field
  readonly label: string
  /** A sentence below it. */
  readonly hint?: ComponentChildren
  readonly children: ComponentChildren
}

export function FormField({ name, label, hint, children }: FieldProps) {
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <div class="row">{children}</div>
      {hint && <p class="muted">{hint}</p>}
      <Problems of={name} />
    </div>
  )
}

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
  readonly disabled?: boolean
}

interface ChoiceProps<T> {
  readonly name: string
  readonly label: string
  readonly options: readonly Option<T>[]
  readonly value: T
  readonly onChoose: (value: T) => void
}

/** A few options in a row, one of which holds. */
export function Choice<T>({ name, label, options, value, onChoose }: ChoiceProps<T>) {
  return (
    <div class="row" role="radiogroup" aria-label={label}>
      {options.map((option) => (
        <label class="row" title={option.hint}>
          <input
            type="radio"
            name={name}
            checked={option.value === value}
            disabled={option.disabled}
            onChange={() => onChoose(option.value)}
          />
          {option.label}
        </label>
      ))}
    </div>
  )
}

interface SeveralProps<T> extends Pick<ChoiceProps<T>, 'label' | 'options'> {
  readonly name: Field
  readonly value: readonly T[]
  readonly onChoose: (value: T[]) => void
}

/** Several that may hold at once. */
export function Several<T extends string>({ name, label, options, value, onChoose }: SeveralProps<T>) {
  const toggled = (one: T) => options.map((o) => o.value).filter((o) => value.includes(o) !== (o === one))
  return (
    <div class="field">
      <span>{label}</span>
      <div class="row" role="group" aria-label={label}>
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

/** One of many, with its advice below. */
export function SelectField<O extends Option<string>>({ options, value, onChoose, ...field }: SelectFieldProps<O>) {
  return (
    <FormField {...field}>
      <select id={field.name} value={value} onChange={(event) => onChoose(options[event.currentTarget.selectedIndex])}>
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
      min={1}
      value={Number.isFinite(value) ? value : ''}
      onInput={({ currentTarget }) => onChange(currentTarget.valueAsNumber)}
    />
  )
}

interface TextFieldProps {
  readonly use: TextUse
  readonly id: string
  readonly value: string | null
  /** Its words where no text is chosen. */
  readonly none: string
  readonly onChoose: (path: string | null) => void
  readonly browse: (use: TextUse) => void
}

/** One of the texts near the model, or another. */
export function TextField({ use, id, value, none, onChoose, browse }: TextFieldProps) {
  return (
    <>
      <select id={id} value={value ?? ''} onChange={({ currentTarget }) => onChoose(currentTarget.value || null)}>
        <option value="">{none}</option>
        {form.value?.texts.map((path) => (
          <option value={path}>{path}</option>
        ))}
      </select>
      <Button act={() => browse(use)}>Browse…</Button>
    </>
  )
}
