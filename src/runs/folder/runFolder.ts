// The folder in which a run keeps its recipe, events, report and state: `.sparsescope/runs/<time>-<name>/` beside the recipe.
import { mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createNamedFolder, timedPlace, type FolderPlace } from './namedFolder.ts'

export interface RunFolder {
  readonly path: string
  readonly name: string
  readonly recipe: string
  readonly events: string
  readonly report: string
  /** The last numbers and a thinned curve, for lists. */
  readonly summary: string
  readonly page: string
  readonly state: string
}

export function runFolderAt(path: string): RunFolder {
  return {
    path,
    name: basename(path),
    recipe: join(path, 'recipe.prune.yaml'),
    events: join(path, 'events.jsonl'),
    report: join(path, 'report.json'),
    summary: join(path, 'summary.json'),
    page: join(path, 'report.html'),
    state: join(path, 'state'),
  }
}

/** The folder of a recipe's runs. */
export function runsFolder(recipePath: string): string {
  return join(dirname(recipePath), '.sparsescope', 'runs')
}

/** The place of a new run of a recipe: beside its earlier ones. */
export function runPlace(recipePath: string, now?: Date): FolderPlace {
  return timedPlace(runsFolder(recipePath), recipePath, now)
}

/**
 * A new run's folder with what `fill` writes into it: it gets its name when that is done, so that every run folder can be
 * resumed. @throws EngineError 'disk', 'exists'.
 */
export async function createRunFolder(
  place: FolderPlace,
  fill: (draft: RunFolder) => Promise<void> = async () => undefined,
): Promise<RunFolder> {
  const path = await createNamedFolder(place, async (path) => {
    const draft = runFolderAt(path)
    await mkdir(draft.state)
    await fill(draft)
  })
  return runFolderAt(path)
}
