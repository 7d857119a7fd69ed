// Recipes of other tools as recipes of ours. What cannot be mapped is listed, never dropped without a word.
import { isMethodName, needsData } from '../../methods/methods.ts'
import type { Recipe } from '../schema.ts'
import { recipeSchema } from '../schema.ts'
import type { Dialect, Json, JsonMap } from './dialect.ts'
import { isMap, modifiersIn } from './dialect.ts'
import { withoutUndefined, type Draft, type Note } from './draft.ts'
import { pruneStepOf } from './modifier.ts'
import { perpRecipe } from './perp.ts'
import { windowDefaults } from '../defaults.ts'

export interface Conversion {
  recipe: Recipe
  notes: Note[]
}

/** Most values that are left out one by one. */
const mostNotes = 100

/** Converts a parsed file. The model is not named in most of them, so a placeholder stands in for it. */
export function convertRecipe(value: unknown, dialect: Dialect): Conversion {
  const notes: Note[] = []
  const root = isMap(value) ? value : {}
  const draft = dialect === 'perp' ? perpRecipe(root, notes) : modifierRecipe(root, notes)
  const complete: JsonMap = { version: 1, model: 'path/to/model', ...withoutUndefined(draft) }
  return { recipe: accepted(complete, notes), notes }
}

/**
 * The recipe without what the other tool takes and we do not: a pruning step goes as a whole, since without its sparsity it would
 * be another one; of everything else the value alone. Each is noted.
 */
function accepted(complete: JsonMap, notes: Note[]): Recipe {
  const bare: JsonMap = { version: 1, model: 'path/to/model' }
  let rest = complete
  for (let round = 0; round < mostNotes; round++) {
    const checked = recipeSchema.safeParse(rest)
    if (checked.success) return checked.data
    const { path, message } = checked.error.issues[0]
    const bad = path[0] === 'prune' ? path.slice(0, 2) : path
    const told = `${path.join('.')} cannot be taken over: ${message}`
    notes.push({ path: [], message: path.length > bad.length ? `${told}; ${bad.join('.')} was left out` : told })
    // A value that has no place is left out together with its map or list; without a model a placeholder is taken.
    rest = { ...bare, ...without(rest, bad) }
  }
  notes.push({ path: [], message: 'too much of it cannot be taken over: nothing was' })
  return recipeSchema.parse(bare)
}

/** A copy without what lies at a path; an array that is empty then, or a place that is not there, takes its parent along. */
function without(value: JsonMap, path: readonly PropertyKey[]): JsonMap {
  const keys = path.map(String)
  const cut = (node: Json | undefined, depth: number): Json | undefined => {
    if (depth === keys.length) return undefined
    if (Array.isArray(node)) {
      const list = node.flatMap((item, i) => {
        const kept = String(i) === keys[depth] ? cut(item, depth + 1) : item
        return kept === undefined ? [] : [kept]
      })
      return list.length > 0 && keys[depth] in node ? list : undefined
    }
    if (!isMap(node) || !Object.hasOwn(node, keys[depth])) return undefined
    const { [keys[depth]]: item, ...others } = node
    const kept = cut(item, depth + 1)
    return kept === undefined ? others : { ...others, [keys[depth]]: kept }
  }
  const result = cut(value, 0)
  return isMap(result) ? result : {}
}

/** llm-compressor and SparseML: stages of groups of modifiers. */
function modifierRecipe(root: JsonMap, notes: Note[]): Draft {
  const steps = modifiersIn(root).flatMap((modifier) => {
    const step = pruneStepOf(modifier, notes)
    return step ? [step] : []
  })
  const calibrates = steps.some(({ method }) => isMethodName(method) && needsData(method))
  return {
    ...(steps.length > 0 && { prune: steps as Json }),
    ...(calibrates && { calibration: { data: 'path/to/text.jsonl', ...windowDefaults } }),
    save: { to: 'path/to/output' },
  }
}
