// The folders that tools may look into. Every path that an agent, a recipe or a model names goes through here: links are followed, and what
// they lead to must be inside.
import { lstat, readdir, realpath } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { quoted } from '../errors.ts'
import { EngineError } from '../engine/errors.ts'
import { isHubName, snapshotInstead, snapshotOf } from '../engine/checkpoint/hubCache.ts'
import { mapPaths } from '../engine/run/open/recipeFile.ts'
import type { ResolvedRecipe } from '../recipe/resolve.ts'
import { sourceOf } from '../runs/folder/recipes.ts'
import { errnoOf } from '../system/diskErrors.ts'
import { isNetworkPath } from '../engine/checkpoint/regularFile.ts'

/** Most entries that a search looks at, and its greatest depth. */
const mostEntries = 20_000
const deepest = 8
const notSearched = new Set(['node_modules', '.git'])

export class Roots {
  /** Absolute, without links; paths of an agent are relative to the first. */
  readonly folders: readonly [string, ...string[]]

  private constructor(folders: readonly [string, ...string[]]) {
    this.folders = folders
  }

  /** @throws EngineError 'not-found' for a missing folder, 'usage' without any folder. */
  static async open(folders: readonly string[]): Promise<Roots> {
    const real = await Promise.all(
      folders.map((folder) =>
        realpath(folder).catch((error: unknown) => {
          throw new EngineError('not-found', `${folder}: there is no such folder`, { cause: error })
        }),
      ),
    )
    const [first, ...others] = real
    if (first === undefined) throw new EngineError('usage', 'no folder that the tools may read is open')
    return new Roots([first, ...others])
  }

  has(path: string): boolean {
    return this.folders.some((root) => path === root || path.startsWith(root.endsWith(sep) ? root : root + sep))
  }

  /**
   * The absolute path, links followed, of a file or folder that may not exist yet. The message does not reveal what is outside the roots.
   * @throws EngineError 'usage' for a place outside the roots.
   */
  async place(given: string, folder: string = this.folders[0]): Promise<string> {
    const outside = new EngineError('usage', `${quoted(given)} is not inside the folders that the tools may read`)
    if (isNetworkPath(given) || given.includes('\0')) throw outside
    const path = await realPlace(resolve(folder, given))
    if (path === null || !this.has(path)) throw outside
    return path
  }

  /** The same for what is read: no file of its folder may be a link that leads outside. `hf:org/name` is a folder of the Hub's cache. */
  async source(given: string, folder?: string): Promise<string> {
    const named = isHubName(given) ? await snapshotOf(given).catch(() => '/') : given
    const path = await snapshotInstead(await this.place(named, folder))
    const facts = await lstat(path).catch(() => null)
    const holder = facts?.isDirectory() ? path : dirname(path)
    for (const entry of await readdir(holder, { withFileTypes: true }).catch(() => []))
      if (entry.isSymbolicLink()) await this.place(entry.name, holder)
    return this.place(path)
  }

  /** Checks all paths of a recipe in `folder`, and of the dense model that a note beside its model names. @throws EngineError 'usage'. */
  async checkRecipe(recipe: ResolvedRecipe, folder: string): Promise<void> {
    const paths: string[] = []
    mapPaths(recipe, (path) => (paths.push(path), path))
    for (const path of paths) await (isHubName(path) ? this.source(path) : this.place(path, folder))
    const { model, recover } = recipe
    for (const path of [model, ...recover.flatMap(({ dense, adapter }) => [dense, adapter])])
      if (path !== undefined) await this.source(path, folder)
    // A loss on the dense model's predictions opens the dense model.
    const dense = recover.some(({ loss }) => loss) && (await sourceOf(await this.source(model, folder)))
    if (dense) await this.source(dense.model)
  }

  /** How a path is shown: relative to the first root where it is inside. */
  shown(path: string): string {
    const near = relative(this.folders[0], path).replaceAll('\\', '/')
    return near === '' ? '.' : near.startsWith('../') || near === '..' ? path : near
  }

  /** Files and folders below the roots, or one folder of them, that `wanted` takes by their path. Links are not followed. */
  async find(wanted: (path: string, isFolder: boolean) => boolean, within: readonly string[] = this.folders) {
    const found: string[] = []
    const folders = within.map((path) => ({ path, depth: 0 }))
    let seen = 0
    // `folders` grows while it is iterated, which makes this a breadth-first search.
    for (const { path: folder, depth } of folders) {
      if (seen > mostEntries) break
      for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
        seen++
        const path = join(folder, entry.name)
        const isFolder = entry.isDirectory()
        if ((isFolder || entry.isFile()) && wanted(path, isFolder)) found.push(path)
        else if (isFolder && depth < deepest && !notSearched.has(entry.name)) folders.push({ path, depth: depth + 1 })
      }
    }
    return found
  }
}

/** null for a broken or circular link, or a path below a file. */
async function realPlace(path: string): Promise<string | null> {
  try {
    return await realpath(path)
  } catch (error) {
    const isThere = (await lstat(path).catch(() => null)) !== null
    if (errnoOf(error) !== 'ENOENT' || isThere || dirname(path) === path) return null
    const parent = await realPlace(dirname(path))
    return parent === null ? null : join(parent, basename(path))
  }
}
