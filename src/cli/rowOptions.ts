// Options of a command from rows of settings (src/recipe/settings), and the settings that such options give.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { alternatives, type JsonSchema } from '../recipe/jsonSchema.ts'
import type { RowOption, Rows, Written } from '../recipe/settings/row.ts'
import { collect } from './options.ts'
import * as z from 'zod'

/** What a row of settings and its option have in common. */
interface RowWithOption {
  readonly type: z.ZodType
  readonly option: RowOption
}

function withOptions(rows: Rows): [key: string, row: RowWithOption][] {
  return Object.entries(rows).flatMap(([key, { type, option }]) => (option ? [[key, { type, option }]] : []))
}

/** Adds the options of rows, in their order. `number` parses a number, and rejects other text. */
export function addRowOptions(command: Command, rows: Rows, number: (text: string) => number): Command {
  const options = withOptions(rows).map(([, { type, option: row }]) => {
    const option = new Option(row.flags, row.about).makeOptionMandatory(row.mandatory ?? false)
    const forms = formsOf(type)
    const words = forms.find((form) => form.enum)?.enum
    if (words && !row.anyWord) option.choices(words.map(String))
    const isNumber = forms.some((form) => form.type === 'number' || form.type === 'integer')
    if (isNumber && option.variadic)
      option.argParser((text, earlier: number[] = []) => [...earlier, ...text.split(',').map(number)])
    else if (isNumber) {
      const named = forms.flatMap((form) => (typeof form.const === 'string' ? [form.const] : []))
      option.argParser((text) => (named.includes(text) ? text : number(text)))
    } else if (isList(forms) && !option.variadic)
      option.argParser((text, earlier: string[] = []) => collect(text, earlier))
    return row.default === undefined ? option : option.default(row.default)
  })
  return options.reduce((all, option) => all.addOption(option), command)
}

/** The settings that were given as options. A list of one item becomes that item if the setting also takes a plain value. */
export function settingsOf<R extends Rows>(rows: R, options: object): Partial<Written<R>> {
  const given = new Map<string, unknown>(Object.entries(options))
  const settings = withOptions(rows).flatMap(([key, { type, option }]) => {
    const value = given.get(new Option(option.flags).attributeName())
    const isOne = Array.isArray(value) && value.length === 1 && !formsOf(type).every((form) => form.type === 'array')
    return value === undefined ? [] : [[key, isOne ? (value[0] as unknown) : value]]
  })
  return Object.fromEntries(settings) as Partial<Written<R>>
}

/** `--seq-len`; null: the setting has no option. */
export function longOptionOf(rows: Rows, key: string): string | null {
  const option = Object.hasOwn(rows, key) ? rows[key].option : undefined
  return option ? (new Option(option.flags).long ?? null) : null
}

function formsOf(type: z.ZodType): JsonSchema[] {
  return alternatives(z.toJSONSchema(type) as JsonSchema)
}

function isList(forms: readonly JsonSchema[]): boolean {
  return forms.some((form) => form.type === 'array')
}

/** Any number: the check of the recipe validates its range. */
export function anyNumber(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new InvalidArgumentError('It must be a number.')
}
