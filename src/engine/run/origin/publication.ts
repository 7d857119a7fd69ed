// The files of a result for the Hub: those of its folder, the recipe, and a card where it is missing. Writes nothing.
import { existsSync, openAsBlob } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { isDone, readReport } from '../../../runs/reader/report.ts'
import { runFolderAt } from '../../../runs/folder/runFolder.ts'
import { writtenRecipe } from '../../../recipe/resolve.ts'
import { resultOf } from '../../../runs/series/runResult.ts'
import { openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { EngineError } from '../../errors.ts'
import type { PushFile } from '../../hub/push.ts'
import { recipeYaml } from '../open/recipeFile.ts'
import { cardName, modelCard } from './modelCard.ts'
import { readNote } from './note.ts'

/** `given`: folder of a result, or of the run that saved it. @throws EngineError where no run has finished it. */
export async function publicationOf(given: string): Promise<PushFile[]> {
  const folder = await resultFolder(resolve(given))
  const note = await readNote(folder)
  if (!note || basename(folder).includes('.partial-'))
    throw new EngineError(
      'usage',
      `${folder} is not the result of a finished run; give the folder that save.to of a recipe names`,
    )
  // Opens only when all of its shards are there and whole.
  await (await openCheckpoint(folder)).close()
  const files = await filesOf(folder)
  const made = { 'recipe.prune.yaml': recipeYaml(writtenRecipe(note.recipe)), [cardName]: modelCard(note) }
  for (const [path, text] of Object.entries(made))
    if (!files.some((file) => file.path === path)) files.push({ path, content: new Blob([text]) })
  return files
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

/** Plain files, sorted by name. Hidden files belong to git and to runs, and subfolders to other outputs. */
async function filesOf(folder: string): Promise<PushFile[]> {
  const files: PushFile[] = []
  for (const name of (await readdir(folder)).sort()) {
    if (name.startsWith('.')) continue
    const file = join(folder, name)
    const facts = await lstat(file)
    if (facts.isSymbolicLink())
      throw new EngineError('usage', `${file} is a link, and its target may change; put the file itself in its place`)
    if (facts.isFile()) files.push({ path: name, content: await openAsBlob(file) })
  }
  return files
}
