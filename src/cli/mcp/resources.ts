// Runs and recipes below the roots as resources: `sparsescope://runs/PATH` and `sparsescope://recipes/PATH`, PATH as results show it.
import { basename } from 'node:path'
import { clean, partOf } from '../../agents/resultText.ts'
import { findRuns, resultsOf } from '../../agents/resultsTool.ts'
import type { Roots } from '../../agents/roots.ts'
import { maxRecipeBytes, readSmallFile } from '../../engine/checkpoint/smallFile.ts'
import { EngineError } from '../../engine/errors.ts'

const scheme = 'sparsescope://'
/** The newest runs, and as many recipes. */
const most = 100
const isRecipe = (path: string) => /\.prune\.ya?ml$/.test(path)

export async function listResources(roots: Roots) {
  const runs = (await findRuns(roots)).slice(0, most)
  const recipes = (await roots.find((path, isFolder) => !isFolder && isRecipe(path))).slice(0, most)
  const of = (kind: 'runs' | 'recipes', paths: readonly string[], mimeType: string) =>
    paths.map((path) => {
      return { uri: `${scheme}${kind}/${encodeURI(roots.shown(path))}`, name: basename(path), mimeType }
    })
  return [...of('runs', runs, 'text/plain'), ...of('recipes', recipes, 'application/yaml')]
}

/** @throws EngineError 'usage' or 'not-found' when it is neither a run nor a recipe below the roots. */
export async function readResource(uri: string, roots: Roots, signal: AbortSignal) {
  const [, kind, path] = /^sparsescope:\/\/(runs|recipes)\/(.+)$/.exec(uri) ?? []
  if (!kind) throw new EngineError('usage', `${uri} is neither ${scheme}runs/PATH nor ${scheme}recipes/PATH`)
  const place = await roots.place(decodeURI(path))
  if (kind === 'runs') {
    if (!(await findRuns(roots)).includes(place)) throw new EngineError('not-found', `${uri}: there is no such run`)
    return { mimeType: 'text/plain', text: partOf(clean(await resultsOf([place], roots, signal), roots), 1, false) }
  }
  if (!isRecipe(place))
    throw new EngineError('usage', `${uri} is not a recipe: the name of a recipe ends in .prune.yaml`)
  return { mimeType: 'application/yaml', text: clean(await readSmallFile(place, maxRecipeBytes, 'bad-recipe'), roots) }
}
