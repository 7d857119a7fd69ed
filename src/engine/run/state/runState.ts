// The state folder of a run that has ended well: nothing is left to resume from it.
import { lstat, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { killPoint } from '../../killPoint.ts'
import { progressFile } from './progress.ts'
import type { RunFolder } from './runFolder.ts'

/** What a run writes there, and leftovers of such files from a process that was killed while it wrote them. */
const ours =
  /^(?:(?:pruned|trained|baseline)-(?:\d{4,}|ends)\.safetensors|training\.safetensors|progress\.json)(?:\.tmp)?$/

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
