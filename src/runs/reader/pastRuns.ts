// What finished runs tell of the time that others take. Asked on every key stroke in a recipe: each report is read once.
import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pastRunOf } from '../../plan/pastRuns.ts'
import type { PastRun } from '../../recipe/facts.ts'
import { runFolderAt, runsFolder } from '../folder/runFolder.ts'
import { readReport } from './report.ts'

/** Newest runs that are looked at, done or not. */
const mostLookedAt = 24

const known = new Map<string, { readonly stamp: string; readonly run: PastRun | null }>()

/**
 * Those of the recipes in `folder`, in the folders above it up to its repository's root, and in `others`; newest first. Runs of
 * sweeps are left out: what they share they do not do themselves. Never throws: a run that cannot be read tells nothing.
 */
export async function pastRuns(folder: string, others: readonly string[] = []): Promise<PastRun[]> {
  const folders = new Set([...(await upToRepository(folder)), ...others])
  const found = await Promise.all([...folders].map(runsIn))
  // Names begin with the time.
  const newest = found
    .flat()
    .sort((a, b) => b.name.localeCompare(a.name))
    .slice(0, mostLookedAt)
  const runs = await Promise.all(newest.map(({ path }) => pastRun(path)))
  return runs.filter((run) => run !== null)
}

/** Only itself where there is no repository around it. */
async function upToRepository(folder: string): Promise<string[]> {
  const chain = [folder]
  for (let at = folder; (await stat(join(at, '.git')).catch(() => null)) === null; chain.push(at)) {
    if (dirname(at) === at) return [folder]
    at = dirname(at)
  }
  return chain
}

async function runsIn(folder: string): Promise<{ name: string; path: string }[]> {
  const parent = runsFolder(join(folder, 'recipe'))
  const names = await readdir(parent).catch(() => [])
  return names.filter((name) => !name.startsWith('.')).map((name) => ({ name, path: join(parent, name) }))
}

async function pastRun(path: string): Promise<PastRun | null> {
  const folder = runFolderAt(path)
  const facts = await stat(folder.report).catch(() => null)
  if (!facts) return null
  const stamp = `${facts.size} ${facts.mtimeMs}`
  const before = known.get(path)
  if (before?.stamp === stamp) return before.run
  const run = pastRunOf(await readReport(folder).catch(() => null))
  known.set(path, { stamp, run })
  return run
}
