// The sample that comes with the program, as a folder of the person's own: recipes save and keep their runs beside themselves.
import { existsSync, lstatSync } from 'node:fs'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeError } from '../../system/diskErrors.ts'
import { EngineError } from '../../engine/errors.ts'
import { createNamedFolder } from '../../runs/folder/runFolder.ts'

/** Files that belong to the sample, and neither to its making nor to earlier runs on it. */
const parts = /^(?:README\.md|[\w-]+\.prune\.yaml|opt|llama|text)$/

/** `folder` must not be there; appears whole. Returns its path. @throws EngineError 'exists', 'not-found', 'disk'. */
export async function copySample(folder: string): Promise<string> {
  const path = resolve(folder)
  if (lstatSync(path, { throwIfNoEntry: false }))
    throw new EngineError(
      'exists',
      `${folder} is there already: remove it, or name another folder, as in sparsescope demo ${folder}-2`,
    )
  const source = sampleFolder()
  const names = (await readdir(source)).filter((name) => parts.test(name))
  return createNamedFolder({ parent: dirname(path), name: basename(path), exact: true }, async (draft) => {
    for (const name of names) await copyPart(join(source, name), join(draft, name))
  })
}

/** Above dist/, and three above this file when it runs unbundled. */
function sampleFolder(): string {
  const found = ['../samples/', '../../../samples/']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(join(path, 'opt', 'config.json')))
  if (found) return found
  throw new EngineError('not-found', 'the sample is not beside this program: install SparseScope again')
}

/** Contents only: what a package manager wrote may be read-only. A part is a file, or a folder of files. */
async function copyPart(from: string, to: string): Promise<void> {
  if (lstatSync(from).isFile()) return copyFile(from, to).catch(refused(to))
  await mkdir(to)
  const files = (await readdir(from, { withFileTypes: true })).filter((entry) => entry.isFile())
  for (const { name } of files) await copyFile(join(from, name), join(to, name)).catch(refused(to))
}

function refused(path: string) {
  return (error: unknown): never => {
    throw writeError(error, path)
  }
}
