// A setting is a row: everything about one key of a recipe. From the rows of a map follow its schema (`mapOf`), what is written in it
// (`Written`), its resolved form (`resolveRows`, `Resolved`), the keys in it that have no effect (`idleKeys`), and the options of the
// command line (src/cli/rowOptions.ts), the fields of the form of Prune… (fields.ts), and the recipe that it writes
// (src/recipe/writing/recipeText.ts). The JSON Schema, docs/recipes.md and the grammar follow from the schema.
import * as z from 'zod'
import type { Path } from '../document.ts'

/** The field of a setting in the form of Prune…; its hint is the row's text. */
export interface Field {
  readonly label: string
  /** Shown behind the control. */
  readonly unit?: string
}

/** Types that many keys have. A path is relative to the recipe. */
export const path = z.string().min(1)
export const count = z.int().min(1).max(1e9)
export const rate = z.number().min(0).max(1e6)

/** The definition of a key. `Known`: what its functions may look at, which is other keys of its map and what surrounds them. */
interface Setting<Known, Type extends z.ZodType, Required, Default, Value, LeftOut> {
  /** What may be written. */
  readonly type: Type
  /** Its meaning in Markdown, for hovers, completion and docs/recipes.md. */
  readonly about: string
  readonly examples?: unknown[]
  /** Set where a recipe must have the key. */
  readonly required?: Required
  /** The default value, or how it follows from other keys. Without one the resolved recipe has no such key. */
  readonly default?: Default
  /** The resolved value where it is more than what is written or the default; undefined: the resolved recipe has no such key. */
  readonly resolve?: (value: Usual<Type, Required, Default>, known: Known, written: z.output<Type> | undefined) => Value
  /** Whether the key has an effect; else why not. */
  readonly appliesWhen?: Applies<Known, z.output<Type>>
  /** Whether the resolved recipe leaves the key out if it has no effect. Other keys keep their value there. */
  readonly leftOutWhenIdle?: LeftOut
  readonly option?: RowOption
  /** Its field in the form of Prune…, or the path of a setting whose field sets it too: `calibration.data`. */
  readonly field?: Field | string
  /** A comment after the setting in a recipe that the form writes. */
  readonly remark?: string | ((known: Known, written: z.output<Type>) => string | undefined)
}

/** How a command takes a setting. */
export interface RowOption {
  /** As commander has them: `--seq-len <n>`. */
  readonly flags: string
  readonly about: string
  readonly mandatory?: boolean
  /** A default that the option itself shows and passes on. */
  readonly default?: string | number
  /** Whether the command checks the words itself. */
  readonly anyWord?: boolean
}

/** Why a key has no effect, as the end of "has no effect …". */
export interface Idle {
  readonly reason: string
  /** Keys that decide this: of the same map, or of the recipe with a slash: `/recover`, `/recover/steps` of each recovery. */
  readonly from: readonly string[]
  /** Index of the list's only item that has no effect. */
  readonly item?: number
}

export function idle(reason: string, ...from: string[]): Idle {
  return { reason, from }
}

export type Applies<Known, Value = unknown> = (known: Known, written: Value | undefined) => true | Idle

/** Combines conditions: the first one that is not met gives the reason. */
export function all<Known, Value = unknown>(...conditions: Applies<Known, Value>[]): Applies<Known, Value> {
  return (known, written) => {
    for (const applies of conditions) {
      const answer = applies(known, written)
      if (answer !== true) return answer
    }
    return true
  }
}

/** The value before `resolve`: undefined where the key may be missing and has no default. */
type Usual<Type extends z.ZodType, Required, Default> = [Required | Default] extends [undefined]
  ? z.output<Type> | undefined
  : z.output<Type>

/** A setting in the form that all other code reads. */
export interface Row<Known, Type extends z.ZodType = z.ZodType, Required = unknown, Value = unknown> {
  /** With description, default and examples. */
  readonly type: Type
  readonly required: Required
  readonly option: RowOption | undefined
  readonly field: Field | string | undefined
  remark(known: Known, written: unknown): string | undefined
  appliesWhen(known: Known, written: unknown): true | Idle
  /** The resolved value; undefined: there is none. */
  resolve(written: unknown, known: Known): Value
}

/** The rows of a map by key, in the order of the resolved recipe and of the documentation. */
export type Rows = Readonly<Record<string, Row<never>>>

/** Makes rows whose functions look at `Known`. */
export function rowsOf<Known>() {
  return <
    Type extends z.ZodType,
    const Required extends true | undefined = undefined,
    Default extends z.output<Type> | ((known: Known) => z.output<Type>) | undefined = undefined,
    Value = Usual<Type, Required, Default>,
    const LeftOut extends boolean = false,
  >(
    setting: Setting<Known, Type, Required, Default, Value, LeftOut>,
  ): Row<Known, Type, Required, LeftOut extends true ? Value | undefined : Value> => {
    const { type, about, examples, default: fallback, required, option, field, remark, leftOutWhenIdle } = setting
    const { appliesWhen = () => true, resolve = (value) => value as Value } = setting
    const told = typeof fallback === 'function' || fallback === undefined ? {} : { default: fallback }
    const settle = (written: z.output<Type> | undefined, known: Known): Value | undefined => {
      if (leftOutWhenIdle && appliesWhen(known, written) !== true) return undefined
      const usual: unknown = typeof fallback === 'function' ? fallback(known) : structuredClone(fallback)
      return resolve((written === undefined ? usual : written) as Usual<Type, Required, Default>, known, written)
    }
    return {
      type: type.meta({ ...described(about), ...told, ...(examples && { examples }) }),
      required: required as Required,
      option,
      field,
      remark: (known, written) => (typeof remark === 'function' ? remark(known, written as z.output<Type>) : remark),
      appliesWhen: (known, written) => appliesWhen(known, written as z.output<Type> | undefined),
      resolve: settle as Row<Known, Type, Required, LeftOut extends true ? Value | undefined : Value>['resolve'],
    }
  }
}

/** Shown by hover and completion, and written into the JSON Schema. */
export function described(markdownDescription: string): { description: string; markdownDescription: string } {
  return { description: markdownDescription.replace(/[`*]/g, ''), markdownDescription }
}

type ShapeOf<R extends Rows> = {
  [K in keyof R]: R[K]['required'] extends true ? R[K]['type'] : z.ZodOptional<R[K]['type']>
}

/** The schema of a map with these keys and no others. */
export function mapOf<R extends Rows>(rows: R): z.ZodObject<ShapeOf<R>, z.core.$strict> {
  const shape = Object.entries(rows).map(([key, { type, required }]) => [key, required ? type : z.optional(type)])
  return z.strictObject(Object.fromEntries(shape) as ShapeOf<R>)
}

/** The map as it may be written. */
export type Written<R extends Rows> = z.output<z.ZodObject<ShapeOf<R>, z.core.$strict>>

type ValueOf<R> = R extends Row<never, z.ZodType, unknown, infer Value> ? Value : never
type KeysLeftOut<R extends Rows> = { [K in keyof R]: undefined extends ValueOf<R[K]> ? K : never }[keyof R]

/** The map with every default filled in. */
export type Resolved<R extends Rows> = {
  [K in keyof R as K extends KeysLeftOut<R> ? never : K]: ValueOf<R[K]>
} & { [K in keyof R as K extends KeysLeftOut<R> ? K : never]?: Exclude<ValueOf<R[K]>, undefined> }

type KnownOf<R extends Rows> = R[keyof R] extends Row<infer Known> ? Known : never

/** What surrounds the keys of a map. It does not compile if a row expects another type of a key than that key's row gives. */
type Around<R extends Rows> =
  Resolved<R> extends Pick<KnownOf<R>, keyof R & keyof KnownOf<R>> ? Omit<KnownOf<R>, keyof R> : never

/**
 * The resolved map, in the order of the rows. Values are resolved on demand: rows may depend on each other in any order, but not in
 * a cycle.
 */
export function resolveRows<R extends Rows>(rows: R, written: Written<R>, around: Around<R>): Resolved<R> {
  const known = Object.create(around) as Record<string, unknown>
  const given = new Map<string, unknown>(Object.entries(written))
  for (const [key, row] of Object.entries(rows)) {
    let found: { readonly value: unknown } | null = null
    const get = () => (found ??= { value: row.resolve(given.get(key), known as never) }).value
    Object.defineProperty(known, key, { get })
  }
  const values = Object.keys(rows).map((key) => [key, known[key]])
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Resolved<R>
}

export interface IdleKey extends Idle {
  readonly path: Path
}

/** Keys of the map at `path` that have no effect, written or not. `known`: its resolved keys and what surrounds them. */
export function idleKeys<R extends Rows>(rows: R, written: object, known: KnownOf<R>, path: Path): IdleKey[] {
  const given = new Map<string, unknown>(Object.entries(written))
  return Object.entries(rows).flatMap(([key, row]) => {
    const answer = row.appliesWhen(known as never, given.get(key))
    if (answer === true) return []
    return [{ ...answer, path: [...path, key, ...(answer.item === undefined ? [] : [answer.item])] }]
  })
}
