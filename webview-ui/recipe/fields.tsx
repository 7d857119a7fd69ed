// Parts of the form: a field with its label, its unit and its problems, by the path of its setting.
import type { ComponentChildren } from 'preact'
import type { BrowsedFor } from '../../src/protocol/view.ts'
import type { FormField } from '../../src/recipe/settings/fields.ts'
import { Button } from '../shared/button.tsx'
import { selects, type Option } from './options.ts'
import { problems } from './outcome.ts'
import { choose, chooseAt, chosenAt, chooseText, form, start, written } from './store.ts'

interface FieldProps extends Partial<Pick<FormField, 'label' | 'hint'>> {
  /** Path of the setting. Its row gives the unit and the default label and hint. */
  readonly path: string
  readonly children: ComponentChildren
  /** Id of the control where several fields share the path. */
  readonly id?: string
}

/** A label and its control, which must have the id `id`, or `path` if no `id` is given. */
export function FieldRow({ path, id = path, children, ...own }: FieldProps) {
  const row = start.value?.fields.find((one) => one.path === path)
  const { label, unit, hint } = { ...row, ...own }
  return (
    <div class="field" title={hint}>
      <label for={id}>{label}</label>
      <div class="row">
        {children}
        {unit}
      </div>
      {hint && (
        <span class="srOnly" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {id === path && <Problems of={path} />}
    </div>
  )
}

/** Ids of the texts that describe the control to a screen reader. */
const describes = (id: string) => `${id}-hint ${id}-problem`

export function Problems({ of }: { of: string }) {
  return (
    <div aria-live="polite" id={`${of}-problem`}>
      {problems.value.get(of)?.map(({ severity, message }) => (
        <p class={severity === 'error' ? 'problem' : 'doubt'}>{message}</p>
      ))}
    </div>
  )
}

interface PlainFieldProps {
  readonly field: FormField
  readonly browse?: () => void
}

/** A field described by its row. Without a choice it shows the recipe's default. */
export function PlainField({ field: { path, kind, words }, browse }: PlainFieldProps) {
  const value = form.value ? chosenAt(path, form.value.choices) : undefined
  const usual = written.value?.fields[path]
  const shared = { id: path, 'aria-describedby': describes(path) }
  const texts = { value: textOf(value), placeholder: textOf(usual) }
  const take = (next: unknown) => chooseAt(path, next === '' ? undefined : next)
  const controls = {
    number: () => (
      <input
        {...shared}
        {...texts}
        type="number"
        step="any"
        onInput={({ currentTarget: input }) => take(input.value === '' ? undefined : input.valueAsNumber)}
      />
    ),
    words: () => (
      <input
        {...shared}
        {...texts}
        class="wide"
        spellcheck={false}
        onInput={(event) => take(event.currentTarget.value)}
      />
    ),
    switch: () => (
      <input
        {...shared}
        type="checkbox"
        checked={(value ?? usual) === true}
        onChange={(event) => take(event.currentTarget.checked)}
      />
    ),
    choice: () => (
      <select {...shared} value={textOf(value ?? usual)} onChange={(event) => take(event.currentTarget.value)}>
        {words.map((word) => (
          <option value={word}>{word}</option>
        ))}
      </select>
    ),
  }
  return (
    <FieldRow path={path}>
      {controls[kind]()}
      {browse && <Button act={browse}>Browse…</Button>}
    </FieldRow>
  )
}

const textOf = (value: unknown) => (value === undefined ? '' : String(value))

interface SeveralProps<T> {
  readonly path: string
  readonly label: string
  readonly options: readonly Option<T>[]
  readonly value: readonly T[]
  readonly onChoose: (value: T[]) => void
}

/** Check boxes for several values at once. */
export function Several<T extends string>({ path, label, options, value, onChoose }: SeveralProps<T>) {
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
      <Problems of={path} />
    </div>
  )
}

/** A field with the options of `selects`. */
export function SelectField({ field: { path } }: { field: FormField }) {
  const select = form.value && start.value && selects[path](form.value.choices, start.value)
  if (!select) return null
  const { value, options, hint = options.find((option) => option.value === value)?.hint } = select
  return (
    <FieldRow path={path} hint={hint}>
      <select
        id={path}
        aria-describedby={describes(path)}
        value={value}
        onChange={(event) => choose(options[event.currentTarget.selectedIndex].chosen)}
      >
        {options.map((option) => (
          <option value={option.value}>{option.label}</option>
        ))}
      </select>
    </FieldRow>
  )
}

interface TextFieldProps extends Partial<Pick<FieldProps, 'label' | 'hint'>> {
  readonly use: Exclude<BrowsedFor, 'adapter'>
  /** Shown when no text is chosen. */
  readonly none?: string
  /** Text beside the field. */
  readonly note?: string
  readonly browse: (use: BrowsedFor) => void
}

/** A choice among the texts near the model, and a button to browse for another. */
export function TextField({ use, none = 'None', note, browse, ...own }: TextFieldProps) {
  const [section, place] = use
  const path = `${section}.data`
  const id = place === 0 ? path : `${path}.${place}`
  return (
    <FieldRow path={path} id={id} {...own}>
      <select
        id={id}
        aria-describedby={describes(id)}
        value={form.value?.choices[section].data.at(place) ?? ''}
        onChange={({ currentTarget }) => chooseText(use, currentTarget.value || null)}
      >
        <option value="">{none}</option>
        {form.value?.texts.map((text) => (
          <option value={text}>{text}</option>
        ))}
      </select>
      <Button act={() => browse(use)}>Browse…</Button>
      {note && <span class="muted">{note}</span>}
    </FieldRow>
  )
}
