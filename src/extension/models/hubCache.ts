// Models of the Hugging Face cache: `models--org--name/snapshots/<revision>/`, downloaded by other tools.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { locate } from '../../engine/checkpoint/locate.ts'

export interface HubModel {
  /** Index or weights file of the snapshot. */
  weights: string
  revision: string
}

/** Every snapshot with weights, by repository; none when there is no such cache. */
export async function hubModels(cache: string, limit: number): Promise<HubModel[]> {
  const found: HubModel[] = []
  const repositories = (await foldersIn(cache)).filter((name) => name.startsWith('models--')).sort()
  for (const repository of repositories) {
    const snapshots = join(cache, repository, 'snapshots')
    for (const revision of await foldersIn(snapshots)) {
      const located = await locate(join(snapshots, revision)).catch(() => null)
      if (located) found.push({ weights: join(located.folder, located.entry), revision })
      if (found.length >= limit) return found
    }
  }
  return found
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}
