// A run continues from its saved state: on a new device when its own is lost, with a smaller plan when the device runs out of memory.
import { probe } from '../../compute/open.ts'
import { EngineError } from '../../errors.ts'
import type { RunSession } from '../state/session.ts'
import { returnToSaved } from '../state/trainingState.ts'
import type { SmallerPlan } from '../../compute/backend.ts'
import { lessText, planWithLess } from '../../compute/planWithLess.ts'

/** Most device losses in a row without anything saved in between. A driver that fails at the same work each time would never finish. */
const mostInARow = 3

/**
 * Runs `body`, again each time its device is lost and comes back; `body` plans again and skips what is saved.
 * @throws EngineError 'device-lost' where no device comes back, or the device is lost at the same work again and again.
 */
export async function goOnWithNewDevice<T>(
  { backend, warn, folder, progress }: Pick<RunSession, 'backend' | 'warn' | 'folder' | 'progress'>,
  body: () => Promise<T>,
): Promise<T> {
  let [saved, inARow] = [progress.revision, 0]
  for (;;) {
    try {
      return await body()
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'device-lost') || !backend.reopen) throw error
      inARow = progress.revision === saved ? inARow + 1 : 1
      saved = progress.revision
      if (inARow > mostInARow || !(await comesBack(backend))) throw error
      warn(
        `${backend.info.description} was lost and came back; the run continues from its saved state (${error.message})`,
      )
      await returnToSaved(folder.state, progress)
    }
  }
}

/** Opens a new device, and checks that it computes. */
function comesBack(backend: RunSession['backend']): Promise<boolean> {
  const opened = async () => {
    await backend.reopen?.()
    await probe(backend)
  }
  return opened().then(
    () => true,
    () => false,
  )
}

/**
 * Runs `body`, again with a smaller plan each time its device has no more memory; `body` plans again and skips what is saved.
 * @throws EngineError 'out-of-memory' with what would help, when no smaller plan is left.
 */
export function goOnWithLess<T>(
  { backend, warn, folder, progress }: Pick<RunSession, 'backend' | 'warn' | 'folder' | 'progress'>,
  body: () => Promise<T>,
): Promise<T> {
  return planWithLess(backend, body, {
    remedy: 'use a smaller seq_len or train less',
    async onLess(less) {
      warn(
        `${backend.info.description} ran out of memory; the run continues from its saved state with ${lessText(less)}${how(less)}`,
      )
      await returnToSaved(folder.state, progress)
    },
  })
}

function how(less: SmallerPlan): string {
  return 'rows' in less
    ? ': the parts of a batch are computed one after the other, and their gradients added up'
    : ': fewer blocks stay there, and fewer activations'
}
