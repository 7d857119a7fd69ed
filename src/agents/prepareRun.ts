// A recipe as tools take it: a file, or a text that would be that file. No file that it names is read before its path is known to be inside
// the roots.
import { dirname } from 'node:path'
import { existsSync } from 'node:fs'
import { maxRecipeBytes, readSmallFile } from '../engine/checkpoint/regularFile.ts'
import { EngineError } from '../engine/errors.ts'
import { lintRecipe, parseFile, refuseSweep } from '../engine/run/open/recipeFile.ts'
import { shortRecipe } from '../engine/run/open/recipeThread.ts'
import { formatBytes, roughDuration } from '../formatting/numbers.ts'
import { createContext } from '../lint/context.ts'
import { readRepaired } from '../lint/fixSyntax.ts'
import type { LintResult } from '../lint/lint.ts'
import { type LintFacts, noFacts } from '../recipe/facts.ts'
import { resolveRecipe } from '../recipe/resolve.ts'
import { outputsOf } from '../plan/outputs.ts'
import { planRecipe } from '../plan/planRecipe.ts'
import { lintText } from '../engine/facts/recipeFacts.ts'
import { writeAtomic } from '../system/atomicFile.ts'
import { runsFolder } from '../runs/folder/runFolder.ts'
import type { Roots } from './roots.ts'

interface GivenRecipe {
  readonly recipe: string
  readonly text?: string
}

export interface ReadRecipe {
  /** Absolute. */
  readonly path: string
  readonly text: string
}

/** @throws EngineError 'usage' for a place outside the roots, 'bad-recipe' for a text that is longer than a person writes. */
export async function readGiven({ recipe, text }: GivenRecipe, roots: Roots): Promise<ReadRecipe> {
  const path = await roots.place(recipe)
  const given = text ?? (await readSmallFile(path, maxRecipeBytes, 'bad-recipe'))
  if (given.length > shortRecipe)
    throw new EngineError('bad-recipe', `${recipe} is too long for a tool: use sparsescope lint and sparsescope run`)
  return { path, text: given }
}

/** Findings of a recipe, however broken it is. @throws EngineError 'usage' where it names a place outside the roots. */
export async function lintGiven(
  { path, text }: ReadRecipe,
  roots: Roots,
): Promise<LintResult & { facts: LintFacts | null }> {
  const folder = dirname(path)
  await roots.checkRecipe(createContext(readRepaired(text), noFacts).resolved, folder)
  return lintText(text, { folder })
}

export interface PreparedRun {
  /** Absolute path of the recipe, a file by now. */
  readonly recipe: string
  readonly settings: readonly string[]
  /** Output, time and memory of the run, for the user who permits it. */
  readonly summary: string
}

/**
 * Checks a run before it is allowed or started. `write`: whether to write a given text to the file. @throws EngineError 'bad-recipe' with
 * all errors of lint, 'usage' for a place outside the roots, 'exists' for a file that is there.
 */
export async function prepareRun(
  { settings = [], ...given }: GivenRecipe & { readonly settings?: readonly string[] },
  roots: Roots,
  write: boolean,
): Promise<PreparedRun> {
  const { path, text } = await readGiven(given, roots)
  if (given.text !== undefined && !/\.prune\.ya?ml$/.test(path))
    throw new EngineError('usage', `${given.recipe} is not the name of a recipe: it must end in .prune.yaml`)
  if (given.text !== undefined && existsSync(path))
    throw new EngineError('exists', `${given.recipe} exists already: leave out text to run it, or choose another name`)
  const file = parseFile(path, text, settings)
  refuseSweep(file)
  await roots.checkRecipe(resolveRecipe(file.recipe), file.folder)
  // Lint reads the repaired text, so its paths are checked too.
  await roots.checkRecipe(createContext(readRepaired(text), noFacts).resolved, file.folder)
  await roots.place(runsFolder(path))
  const { context, facts, findings } = await lintRecipe(file)
  const plan = planRecipe(path, context.resolved, facts ?? noFacts, findings)
  if (plan.errors.length > 0) throw new EngineError('bad-recipe', `${given.recipe}: ${plan.errors.join(' ')}`)
  if (given.text !== undefined && write) await writeAtomic(path, [text])
  const { seconds, memoryBytes, diskBytes } = plan.estimates
  const shown = (place: string) => roots.shown(place)
  const { resolved } = context
  const outputs = [...outputsOf(resolved).map(({ to }) => to), ...resolved.evaluate.flatMap(({ out }) => out ?? [])]
  const summary = [
    `Runs ${shown(path)} on ${plan.model}${settings.length > 0 ? ` with ${settings.join(', ')}` : ''}.`,
    `Writes ${[...(given.text === undefined ? [] : ['the recipe']), ...outputs, 'a run folder beside the recipe'].join(', ')}: about ${formatBytes(diskBytes)} of models.`,
    `Takes ${seconds === null ? 'an unknown time' : `about ${roughDuration(seconds)}`} and about ${formatBytes(memoryBytes)} of memory.`,
    ...plan.warnings,
  ].join('\n')
  return { recipe: path, settings, summary }
}
