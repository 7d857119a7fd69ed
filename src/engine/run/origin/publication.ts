// The files of a result for the Hub: those of its folder, the recipe, and a card where it is missing. Writes nothing.
import { existsSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { isDone, readReport } from '../../../runs/reader/report.ts'
import { runFolderAt } from '../../../runs/folder/runFolder.ts'
import { writtenRecipe } from '../../../recipe/resolve.ts'
import { resultOf } from '../../../runs/series/runResult.ts'
import { readError } from '../../../system/diskErrors.ts'
import { openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { locate } from '../../checkpoint/locate.ts'
import { maskFileName } from '../../checkpoint/maskFile.ts'
import { EngineError } from '../../errors.ts'
import type { PushFile } from '../../hub/push.ts'
import { recipeYaml } from '../open/recipeFile.ts'
import { cardName, modelCard } from './modelCard.ts'
import { noteName } from '../../../catalog/formats/checkpointFormats.ts'
import { readNote, type Note } from './note.ts'

export interface Publication {
  /** The model's folder. */
  readonly folder: string
  readonly note: Note
  readonly files: readonly PushFile[]
  /** Names of the weights, masks and notes that the run wrote; the other files came from elsewhere. */
  readonly ofRun: ReadonlySet<string>
  /** Paths of this machine that the recipe names, which everybody could then read. */
  readonly ownPaths: readonly string[]
}

const mostFiles = 10_000
const recipeName = 'recipe.prune.yaml'

/** `given`: folder of a result, or of the run that saved it. @throws EngineError where no run has finished it. */
export async function publicationOf(given: string): Promise<Publication> {
  const folder = await resultFolder(resolve(given))
  const note = await readNote(folder)
  const unfinished = basename(folder).includes('.partial-')
  if (!note || unfinished)
    throw new EngineError(
      'usage',
      `${folder} is not the result of a finished run${unfinished ? '' : `: it has no ${noteName} written by a run`}; give the folder that save.to of a recipe names`,
    )
  // Opens only when all of its shards are there and whole.
  const checkpoint = await openCheckpoint(folder)
  await checkpoint.close()
  const { entry } = await locate(folder)
  const found = await filesOf(folder)
  const has = (name: string) => found.some(({ path }) => path === name)
  const written = writtenRecipe(note.recipe)
  const recipe = recipeYaml(written)
  return {
    folder,
    note,
    files: [
      ...found,
      ...(has(recipeName) ? [] : [{ path: recipeName, content: { text: recipe } }]),
      ...(has(cardName) ? [] : [{ path: cardName, content: { text: modelCard(note) } }]),
    ],
    ofRun: new Set([entry, noteName, maskFileName, ...checkpoint.files.map(({ name }) => name)]),
    ownPaths: [...new Set(textsOf(written).filter((text) => ownPath.test(text)))],
  }
}

/** From a root, from home, two folders up, from a drive, on a share, or as a URL; of Windows and of others. */
const ownPath = /(?:^|[\s"'[])(?:[\\/]|~[\\/]|(?:\.\.[\\/]){2,}|[A-Za-z]:[\\/]|file:)\S/i

/** All texts in a value of JSON. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}

async function resultFolder(given: string): Promise<string> {
  const run = runFolderAt(given)
  if (!existsSync(run.events) || !existsSync(run.recipe)) return given
  if (!(await isDone(run)))
    throw new EngineError(
      'usage',
      `${given} is a run that has not finished; resume it with \`sparsescope run --resume\`, then push`,
    )
  const { output } = resultOf(await readReport(run))
  if (output !== null) return output
  throw new EngineError('usage', `${given} is a run that has saved no model; its recipe has no save.to`)
}

/** Plain files by name. Hidden ones belong to git and to runs, folders inside to other outputs. */
async function filesOf(folder: string): Promise<PushFile[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw readError(error, folder)
  })
  if (names.length > mostFiles)
    throw new EngineError(
      'usage',
      `${folder} has ${names.length} files, more than any result; give the folder of a result`,
    )
  const files: PushFile[] = []
  for (const name of names.sort()) {
    if (name.startsWith('.')) continue
    const file = join(folder, name)
    const facts = await lstat(file)
    if (facts.isSymbolicLink())
      throw new EngineError('usage', `${file} is a link, and its target may change; put the file itself in its place`)
    if (facts.isFile()) files.push({ path: name, content: { file } })
  }
  return files
}
