// The fields of the form of Prune…, from the rows that have one, as plain data: pages cannot import the rows.
import * as z from 'zod'
import type { Path } from '../document.ts'
import { alternatives, type JsonSchema } from '../jsonSchema.ts'
import { calibrationRows } from './calibration.ts'
import { evaluateRows } from './evaluate.ts'
import { pruneRows } from './prune.ts'
import { recipeRows } from './recipe.ts'
import { recoverRows } from './recover.ts'
import type { Field, Row, Rows } from './row.ts'
import { saveRows } from './save.ts'

export interface FormField extends Field {
  /** The tooltip, also for screen readers. */
  readonly hint: string
  /** Path of the setting without indices of lists: `recover.steps`. */
  readonly path: string
  readonly kind: 'number' | 'switch' | 'choice' | 'words'
  /** The words that a choice offers. */
  readonly words: readonly string[]
}

/** The maps of a recipe that have rows of their own, by the key that they are under. */
export const sections: Readonly<Record<string, Rows>> = {
  prune: pruneRows,
  calibration: calibrationRows,
  recover: recoverRows,
  evaluate: evaluateRows,
  save: saveRows,
}

/** In the order of the rows. */
export function formFields(all: Readonly<Record<string, Rows>> = sections): FormField[] {
  const under = (section: string, rows: Rows) =>
    Object.entries(rows).flatMap(([key, row]) => {
      const path = section === '' ? key : `${section}.${key}`
      return typeof row.field === 'object' ? [{ ...row.field, path, ...kindOf(row) }] : []
    })
  return [...Object.entries(all).flatMap(([section, rows]) => under(section, rows)), ...under('', recipeRows)]
}

function kindOf({ type }: Pick<Row<never>, 'type'>): Pick<FormField, 'hint' | 'kind' | 'words'> {
  const forms = alternatives(z.toJSONSchema(type, { io: 'input' }) as JsonSchema)
  const words = forms.flatMap((form) => form.enum ?? []).map(String)
  const has = (...types: string[]) => forms.some((form) => form.type !== undefined && types.includes(form.type))
  const kind = words.length > 0 ? 'choice' : has('boolean') ? 'switch' : has('number', 'integer') ? 'number' : 'words'
  return { hint: type.meta()?.description ?? '', kind, words }
}

/** The path of the field that sets `path`; `recipe` if none does. */
export function fieldAt(path: Path): string {
  const [section, key] = path.filter((part) => typeof part === 'string')
  const top: Rows = recipeRows
  return fieldOf(sections[section], key, `${section}.${key}`) ?? fieldOf(top, section, section) ?? 'recipe'
}

function fieldOf(rows: Rows | undefined, key: string | undefined, path: string): string | undefined {
  const field = rows !== undefined && key !== undefined && Object.hasOwn(rows, key) ? rows[key].field : undefined
  return typeof field === 'object' ? path : field
}
