// When a device runs out of memory, the run plans with less and goes on from what is saved.
import type { SmallerPlan } from '../../compute/backend.ts'
import { lessText, planWithLess } from '../../compute/planWithLess.ts'
import type { RunSession } from '../state/session.ts'
import { returnToSaved } from '../state/trainingState.ts'

/**
 * Runs `body`, again with a smaller plan each time its device has no more memory; `body` plans anew and skips what is saved.
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
        `${backend.info.description} ran out of memory; the run goes on from what is saved with ${lessText(less)}${how(less)}`,
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
