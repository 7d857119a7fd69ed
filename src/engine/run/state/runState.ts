// Removes the state folder of a run that has finished.
import { lstat, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { killPoint } from '../../../system/killPoint.ts'
import { progressFile } from './progress.ts'
import type { RunFolder } from '../../../runs/folder/runFolder.ts'

/** Files of the state, and leftovers of such files from a process that was killed while it wrote them. */
const ours =
  /^(?:(?:pruned|trained\d*|baseline)-(?:\d{4,}|ends)\.safetensors|training\.safetensors|progress\.json)(?:\.tmp)?$/

/** Bytes of those files; 0 when there is no folder yet. */
export async function bytesOfState(state: string): Promise<number> {
  const names = (await readdir(state).catch(() => [])).filter((name) => ours.test(name))
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(state, name)).catch(() => null))?.size ?? 0),
  )
  return sizes.reduce((a, b) => a + b, 0)
}

/** Removes the files that runs write, the record of progress last, then the folder. What else is there stays. */
export async function removeState({ state }: RunFolder): Promise<void> {
  if (!(await lstat(state).catch(() => null))?.isDirectory()) return
  const names = (await readdir(state)).filter((name) => ours.test(name) && name !== progressFile)
  for (const name of [...names, progressFile]) {
    killPoint()
    await rm(join(state, name), { force: true })
  }
  killPoint()
  await rmdir(state).catch(() => undefined)
}
