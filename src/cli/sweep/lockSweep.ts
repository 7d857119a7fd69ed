// Lets one process at a time run a sweep; a second one is told who has it, and what to do.
import { EngineError } from '../../engine/errors.ts'
import { lockRun, type RunLock } from '../../runs/lock/lock.ts'
import type { Sweep } from '../../engine/sweep/openSweep.ts'
import type { Context } from '../command.ts'
import { shorter } from '../run.ts'

/** @throws EngineError 'exists' when a living process has it. */
export async function lockSweep({ folder }: Sweep, { signal, say }: Context): Promise<RunLock> {
  try {
    return await lockRun(folder.path, { signal, onWait: say })
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'exists') throw error
    const path = shorter(folder.path)
    const said = error.message.replace(folder.path, path)
    const instead = `look at it with sparsescope sweep status ${path}, or stop it with sparsescope sweep cancel ${path}`
    throw new EngineError('exists', `${said}, ${instead}`, { cause: error })
  }
}
