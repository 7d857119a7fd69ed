// What finished runs of a folder tell of the time that others take. Asked on every key stroke in a recipe: each report is read once.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pastRunOf } from '../../shared/plan/pastRuns.ts'
import type { PastRun } from '../../shared/recipe/facts.ts'
import { runFolderAt, runsFolder } from '../folder/runFolder.ts'
import { readReport } from './report.ts'

/** Newest runs that are looked at, done or not. */
const mostLookedAt = 24

const known = new Map<string, { readonly stamp: string; readonly run: PastRun | null }>()

/** Those of the recipes in a folder, newest first. Never throws: a run that cannot be read tells nothing. */
export async function pastRuns(folder: string): Promise<PastRun[]> {
  const parent = runsFolder(join(folder, 'recipe'))
  const names = await readdir(parent).catch(() => [])
  // Names begin with the time.
  const newest = names.filter((name) => !name.startsWith('.')).sort().reverse().slice(0, mostLookedAt) // prettier-ignore
  const runs = await Promise.all(newest.map((name) => pastRun(join(parent, name))))
  return runs.filter((run) => run !== null)
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
