// One process at a time in a run folder: two would overwrite each other's state.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, writeError } from '../checkpoint/diskErrors.ts'
import { EngineError } from '../errors.ts'

/** Takes the lock and returns what gives it back. A killed process's lock does not count. @throws EngineError 'exists'. */
export async function lockRun(state: string): Promise<() => Promise<void>> {
  const path = join(state, 'lock')
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' })
      return () => rm(path, { force: true })
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw writeError(error, path)
    }
    const holder = Number(await readFile(path, 'utf8').catch(() => ''))
    if (holder !== process.pid && isAlive(holder))
      throw new EngineError(
        'exists',
        `${state} is in use by process ${holder}; wait for it, or remove ${path} if it is not a run`,
      )
    await rm(path, { force: true })
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}
