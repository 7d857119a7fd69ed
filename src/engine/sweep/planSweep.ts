// Plans a sweep's runs without doing or writing anything: each run is resolved, checked beside its model, and
// identified by a hash of its recipe and of the files it reads.
import { hash } from 'node:crypto'
import { join, relative } from 'node:path'
import { expandSweep, type SweepRun } from '../../recipe/sweep/expandSweep.ts'
import { resolveRecipe, writtenRecipe } from '../../recipe/resolve.ts'
import { plannedNames } from '../../runs/compared/shortNames.ts'
import { type SweepPlan, sweepsFolder } from '../../runs/folder/sweepFolder.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import { checkRecipe } from '../run/open/checkRecipe.ts'
import { mapPaths, shownPath, type RecipeFile, lintRecipe, readRecipe } from '../run/open/recipeFile.ts'
import { type Fingerprint, type KnownFiles, recordSources, sourceFiles } from '../run/state/sources.ts'
import { noFacts } from '../../recipe/facts.ts'
import type { Finding } from '../../recipe/finding.ts'
import { findRule } from '../../lint/lint.ts'
import { estimateRunOfSweep, type RunOfSweepEstimates } from '../../runs/compared/sweepEstimates.ts'

export interface PlannedSweep {
  readonly plan: SweepPlan
  /** The recipe with its sweep, settings of the command line applied. */
  readonly file: RecipeFile
  readonly runs: readonly SweepRun[]
  readonly files: KnownFiles
}

/**
 * `known` files are not read again where their stamps are the same.
 * @throws EngineError for a recipe without a sweep or with one that is wrong, and for a run that would be refused.
 */
export async function planSweep(
  path: string,
  settings: readonly string[],
  known: KnownFiles,
  signal?: AbortSignal,
): Promise<PlannedSweep> {
  const file = await readRecipe(path, settings, signal)
  const runs = runsOfSweep(file)
  refuseSwept(file, runs, settings)
  const files = new Map<string, Fingerprint>(known)
  const planned: SweepPlan['runs'] = []
  for (const run of runs) {
    throwIfCancelled(signal)
    const hash = await ofRun(run, () => hashOfRun(fileOfRun(file, run), files, signal))
    planned.push({ index: run.index, name: run.name, settings: run.settings, hash })
  }
  const id = hash('sha256', JSON.stringify(planned)).slice(0, 16)
  const base = relative(join(sweepsFolder(file.path), 'sweep'), file.folder)
  return { plan: { id, runs: planned, base }, file, runs, files }
}

/** Refuses to set, for all runs, a value that each run sets itself, alone or within a larger value. */
function refuseSwept({ path }: RecipeFile, runs: readonly SweepRun[], settings: readonly string[]): void {
  const plain = (place: string) => place.replace(/(?<=^|\.)0+(?=\d)/g, '')
  const [first, ...others] = runs.map((run) => Object.keys(run.settings).map(plain))
  const swept = (first ?? []).filter((place) => others.every((places) => places.includes(place)))
  const lost = settings
    .map((setting) => setting.split('=')[0])
    .find((key) => swept.some((place) => `${plain(key)}.`.startsWith(`${place}.`)))
  if (lost === undefined) return
  const message = `--set ${lost} has no effect: the sweep of ${path} sets it in every run; change it there, or leave --set out`
  throw new EngineError('usage', message)
}

/** @throws EngineError 'bad-recipe' for a recipe without a sweep or with a wrong one. */
export function runsOfSweep({ path, recipe }: RecipeFile): readonly SweepRun[] {
  if (!recipe.sweep)
    throw new EngineError('bad-recipe', `${path} has no sweep: sparsescope run ${path} runs it, or add the key sweep`)
  const { runs, problems } = expandSweep(recipe)
  if (problems.length > 0) throw new EngineError('bad-recipe', `${path}: ${problems[0].message}`)
  return runs
}

/** The recipe of one run, as if it were read from the folder of the sweep's recipe. */
export function fileOfRun(file: RecipeFile, { recipe }: SweepRun): RecipeFile {
  return { ...file, recipe, text: null }
}

/** The shortest names that distinguish its runs. */
export function labelsOfRuns(runs: readonly SweepRun[]): string[] {
  return plannedNames(runs.map((run) => ({ ...run, recipe: writtenRecipe(resolveRecipe(run.recipe)) })))
}

/** Hash of a run's resolved recipe and of the files that it reads. Adds their fingerprints to `files`. */
export async function hashOfRun(
  file: RecipeFile,
  files: Map<string, Fingerprint>,
  signal?: AbortSignal,
): Promise<string> {
  const { recipe, source } = await checkRecipe(file)
  try {
    const read = await sourceFiles(recipe, source)
    const sources = await recordSources(read, { known: files, signal })
    for (const [i, { path }] of read.entries()) files.set(path, sources[i])
    const shown = writtenRecipe(mapPaths(recipe, (path) => shownPath(file.folder, path)))
    return hash('sha256', JSON.stringify([shown, sources.map(({ role, sha256: content }) => [role, content])]))
  } finally {
    await source.close()
  }
}

/** An error names the run that it belongs to. */
async function ofRun<T>({ name }: SweepRun, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    if (!(error instanceof EngineError) || error.code === 'cancelled') throw error
    throw new EngineError(error.code, `the run ${name}: ${error.message}`, { cause: error })
  }
}

interface RunsOfRecipe {
  readonly file: RecipeFile
  readonly runs: readonly SweepRun[]
}

interface CheckOptions {
  /** Memory of one run; default: half of what is free. */
  readonly memoryBytes?: number
  readonly signal?: AbortSignal
}

interface CheckedRuns {
  /** By run. */
  readonly estimates: readonly RunOfSweepEstimates[]
  /** What lint warns of. A warning that hundreds of runs share, each about its own output, is shown once. */
  readonly warnings: readonly string[]
}

/** Lints the runs before the sweep begins. @throws EngineError 'bad-recipe' that names the first run with an error. */
export async function lintRuns(runs: RunsOfRecipe, options: CheckOptions): Promise<CheckedRuns> {
  return checkRuns(runs, options, ({ name }, findings) => {
    const wrong = findings.find(({ severity }) => severity === 'error')
    if (wrong) throw new EngineError('bad-recipe', `the run ${name}: ${wrong.message}`)
    return findings
  })
}

/** Lints the runs of a sweep that has begun, without rules about outputs: these may exist already. */
export async function lintBegunRuns(runs: RunsOfRecipe, options: CheckOptions): Promise<CheckedRuns> {
  return checkRuns(runs, options, (_, findings) => findings.filter(({ name }) => findRule(name)?.needs !== 'output'))
}

async function checkRuns(
  { file, runs }: RunsOfRecipe,
  { memoryBytes, signal }: CheckOptions,
  select: (run: SweepRun, findings: readonly Finding[]) => readonly Finding[],
): Promise<CheckedRuns> {
  const estimates: RunOfSweepEstimates[] = []
  const warned = new Map<string, Set<string>>()
  for (const run of runs) {
    throwIfCancelled(signal)
    const { findings, context, facts } = await lintRecipe(fileOfRun(file, run), { memoryBytes })
    // Two findings of the same rule in one run are about different things, so they are counted apart.
    const seen = new Map<string, number>()
    for (const { rule, severity, message } of select(run, findings)) {
      if (severity !== 'warning') continue
      const nth = seen.get(rule) ?? 0
      seen.set(rule, nth + 1)
      const kind = `${rule} ${nth}`
      warned.set(kind, (warned.get(kind) ?? new Set()).add(message))
    }
    estimates.push(estimateRunOfSweep(context.resolved, facts ?? noFacts))
  }
  const warnings = [...warned.values()].map((messages) => {
    const [first] = messages
    return messages.size > 1 ? `${first} And ${messages.size - 1} more like it.` : first
  })
  return { estimates, warnings }
}
