// The context of every rule: the text's tree, the value as written, and a recipe that is valid whatever is wrong with
// the text: one mistake does not hide the others.
import { isScalar, type Scalar, visit } from 'yaml'
import { sweptPaths } from '../recipe/sweepSchema.ts'
import type { Path, RecipeDocument } from '../recipe/document.ts'
import { idShapeOf, type LintFacts, type ModelFacts, type ModelModule } from '../recipe/facts.ts'
import { type DataUse, dataUses } from '../recipe/dataUses.ts'
import { createMatcher, type Matcher } from '../recipe/match.ts'
import { type Issue, validate, type Recipe, type Recover } from '../recipe/schema.ts'
import {
  type IdShape,
  recoveriesOf,
  type ResolvedPruneStep,
  type ResolvedRecipe,
  type ResolvedRecover,
  resolveRecipe,
  type Surroundings,
} from '../recipe/resolve.ts'
import { viewModel } from '../plan/modelView.ts'
import type { PlanFinding } from '../plan/planFinding.ts'
import { planFindings } from '../plan/planFindings.ts'
import { adapterAmong, type AdapterName } from '../catalog/adapters/adapters.ts'
import { parseNm } from '../catalog/formats/sparsity.ts'
import { isRecord } from '../catalog/formats/json.ts'
import { insertKey, remove, replaceValue } from '../recipe/edits.ts'
import type { Fix } from '../recipe/finding.ts'

/** One `targets` or `ignore` entry with its place. */
export interface TargetEntry {
  /** Index in `prune`. */
  readonly step: number
  readonly kind: 'targets' | 'ignore'
  readonly path: Path
  readonly matcher: Matcher
}

/** One recovery with its place: `recover`, or `recover[1]` of a list. */
export interface RecoveryEntry {
  readonly path: Path
  readonly written: Recover
  readonly resolved: ResolvedRecover
  /** The adapter among the trained subsets. */
  readonly adapter: AdapterName | null
}

export interface LintContext {
  readonly document: RecipeDocument
  readonly fix: Fixes
  readonly issues: readonly Issue[]
  /** The value as written; anything. */
  readonly raw: unknown
  /** The valid part of the recipe. */
  readonly recipe: Recipe
  readonly resolved: ResolvedRecipe
  /** What the resolved recipe depends on beside what is written. */
  readonly known: Surroundings
  readonly facts: LintFacts
  readonly model: ModelFacts | null
  /** Modules of a model whose family is known; null where nothing can be said about names. */
  readonly modules: readonly ModelModule[] | null
  /** Values of `targets` and `ignore` as written, valid or not. */
  readonly targetLists: readonly { path: Path; value: unknown }[]
  /** Entries of valid lists only. */
  readonly entries: readonly TargetEntry[]
  /** All plain and quoted scalars of the text, keys too. */
  readonly scalars: readonly Scalar[]
  /** The value as written at a path; undefined without one. */
  get(path: Path): unknown
  has(path: Path): boolean
  /** Whether `resolved` may differ here from what the user meant: the key, or one that may be a misspelling of it, is wrong. */
  isUnsure(path: Path): boolean
  /** Whether a sweep sets this value or a part of it: what holds for the recipe by itself need not hold for its runs. */
  isSwept(path: Path): boolean
  /** Modules that an entry matches; empty without a model. */
  matched(entry: string): readonly ModelModule[]
  /** Modules that a step prunes: matched matrices, without the ignored ones. */
  prunedBy(step: ResolvedPruneStep): readonly ModelModule[]
  /** The findings of a plan of the recipe's valid part, in its resolved form. */
  planned(): readonly PlanFinding[]
  readonly recoveries: readonly RecoveryEntry[]
  /** Every place that names data. */
  readonly uses: readonly DataUse[]
}

export function createContext(document: RecipeDocument, facts: LintFacts): LintContext {
  const { recipe, issues } = recipeOf(document.value)
  const model = facts.model
  const idShape: IdShape = (data, field) => idShapeOf(facts.data.get(data), field)
  const surroundings = { ...model?.modelConfig, idShape, denseModel: model?.source }
  const resolved = resolveRecipe(recipe, surroundings)
  const recoveries = recoveriesOf(recipe.recover).map((written, i): RecoveryEntry => {
    const settled = resolved.recover[i]
    const path = Array.isArray(recipe.recover) ? ['recover', i] : ['recover']
    return { path, written, resolved: settled, adapter: adapterAmong(settled.train) }
  })
  const view = model?.modelConfig ? viewModel(model.modelConfig, model.modules) : null
  let planned: readonly PlanFinding[] | null = null
  const get = (path: Path): unknown => path.reduce<unknown>(child, document.value)
  const targetLists = listsOf(document.value)
  const swept = pathsOf(sweptIn(recipe))
  let known: Paths | null = null
  const wrong = () => (known ??= pathsOf(issues.map(({ path }) => path as Path)))
  return {
    document,
    fix: fixesOf(document),
    issues,
    raw: document.value,
    recipe,
    resolved,
    known: surroundings,
    facts,
    model,
    modules: view?.modules ?? null,
    targetLists,
    entries: targetLists.flatMap(entriesOf),
    scalars: scalarsOf(document),
    get,
    has: (path) => get(path) !== undefined,
    isUnsure: (path) => wrong().hasWithin(path) || (get(path) === undefined && wrong().hasAround(path)),
    isSwept: (path) => swept.hasWithin(path) || swept.hasAround(path),
    matched: (entry) => view?.matched(entry) ?? [],
    prunedBy: (step) => view?.prunedBy(step) ?? [],
    planned: () => (planned ??= planFindings(resolved, view)),
    recoveries,
    uses: dataUses(resolved, (i) => recoveries[i].path),
  }
}

/** Paths that a sweep sets, with places in lists as numbers. */
function sweptIn({ sweep = {} }: Recipe): Path[] {
  const keys = sweep.cases
    ? sweep.cases.flatMap(({ set }) => Object.keys(set))
    : sweptPaths(sweep).map(([path]) => path)
  return [...new Set(keys)].map((key) => key.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)))
}

interface Paths {
  /** Whether one of the paths is `path` or inside it. */
  hasWithin(path: Path): boolean
  /** Whether one of the paths is `path` or contains it. */
  hasAround(path: Path): boolean
}

/** Indexes paths by their prefixes, because each report of a rule asks, and there may be as many reports as paths. */
function pathsOf(paths: readonly Path[]): Paths {
  const starts = (path: Path) => Array.from({ length: path.length + 1 }, (_, i) => JSON.stringify(path.slice(0, i)))
  const whole = new Set(paths.map((path) => JSON.stringify(path)))
  const begun = new Set(paths.flatMap(starts))
  return {
    hasWithin: (path) => begun.has(JSON.stringify(path)),
    hasAround: (path) => whole.size > 0 && starts(path).some((start) => whole.has(start)),
  }
}

function child(value: unknown, key: string | number): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string | number, unknown>)[key]
    : undefined
}

function recipeOf(value: unknown): { recipe: Recipe; issues: readonly Issue[] } {
  const { recipe, issues } = validate(value)
  return { recipe: recipe ?? salvage(value, issues), issues }
}

/** Leaves out what is invalid, and keeps the rest for the rules. Lists keep their length, so that paths stay valid. */
function salvage(value: unknown, issues: readonly Issue[]): Recipe {
  const copy = isRecord(value) ? structuredClone(value) : {}
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      const parent = issue.path.reduce<unknown>((v, k) => child(v, k as string), copy)
      if (isRecord(parent)) for (const key of issue.keys) delete parent[key]
    } else drop(copy, issue.path as (string | number)[])
  }
  const model = typeof copy.model === 'string' && copy.model !== '' ? copy.model : '?'
  const bare: Record<string, unknown> = { ...copy, version: 1, model }
  const rest = validate(bare)
  if (rest.recipe) return rest.recipe
  // A section that lacks a required key is left out.
  for (const { path } of rest.issues) delete bare[String(path[0])]
  return validate({ ...bare, version: 1, model }).recipe ?? { version: 1, model }
}

/** Deletes the innermost key on the way to an invalid value; a whole step that is no map becomes an empty one. */
function drop(root: Record<string, unknown>, path: readonly (string | number)[]): void {
  for (let length = path.length; length > 0; length--) {
    const key = path[length - 1]
    const parent = path.slice(0, length - 1).reduce<unknown>(child, root)
    if (isRecord(parent)) {
      if (Array.isArray(parent[key]) && key === 'train') parent[key] = []
      else delete parent[key]
      return
    }
    if (Array.isArray(parent) && length === 2) {
      parent[Number(key)] = {}
      return
    }
  }
}

function listsOf(value: unknown): { path: Path; value: unknown }[] {
  const steps = child(value, 'prune')
  if (!Array.isArray(steps)) return []
  return steps.flatMap((step: unknown, i) =>
    (['targets', 'ignore'] as const).flatMap((kind) => {
      const list = child(step, kind)
      return list === undefined ? [] : [{ path: ['prune', i, kind], value: list }]
    }),
  )
}

function entriesOf({ path, value }: { path: Path; value: unknown }): TargetEntry[] {
  if (!Array.isArray(value) || value.some((v) => typeof v !== 'string' || v === '')) return []
  const step = Number(path[1])
  const kind = path.at(-1) === 'ignore' ? 'ignore' : 'targets'
  return value.map((entry: string, i) => ({ step, kind, path: [...path, i], matcher: createMatcher(entry) }))
}

function scalarsOf(document: RecipeDocument): Scalar[] {
  const scalars: Scalar[] = []
  if (document.root) visit(document.root, { Scalar: (_, node) => void scalars.push(node) })
  return scalars.filter((s) => isScalar(s) && s.range)
}

/** Every step with an N:M pattern, and its sparsity as written, if it is. */
export function nmSteps({ recipe, resolved }: Pick<LintContext, 'recipe' | 'resolved'>) {
  return resolved.prune.flatMap((step, i) => {
    const group = parseNm(step.pattern)
    const at = (key: keyof ResolvedPruneStep): Path => ['prune', i, key]
    return group ? [{ ...group, step, written: recipe.prune?.[i].sparsity, at }] : []
  })
}

/** Quick fixes that many rules have. One that finds nothing to change in this text has no edits, and lint leaves it out. */
interface Fixes {
  /** Writes another value at a path. */
  write(path: Path, value: string | number): Fix
  /** Removes a key with its value, or an item of a list. */
  drop(path: Path, what?: string): Fix
  /** Adds a key to the map at a path. */
  add(path: Path, key: string, value: string | number): Fix
  /** Sets the list `train` of the recovery at a path. */
  setTrain(recovery: Path, train: readonly string[]): Fix
}

function fixesOf(document: RecipeDocument): Fixes {
  return {
    write: (path, value) => ({ title: `Write ${value}`, edits: replaceValue(document, path, String(value)) }),
    drop: (path, what = String(path.at(-1))) => ({ title: `Remove ${what}`, edits: remove(document, path) }),
    add: (path, key, value) => ({
      title: `Add ${key}: ${value}`,
      edits: insertKey(document, path, key, String(value)),
    }),
    setTrain(recovery, train) {
      const text = `[${train.join(', ')}]`
      return { title: `train: ${text}`, edits: replaceValue(document, [...recovery, 'train'], text) }
    },
  }
}
