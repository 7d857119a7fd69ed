// A device that runs out of memory: the run plans with less and goes on from what is saved.
import { formatBytes } from '../../../shared/format/byteSize.ts'
import type { SmallerPlan } from '../../compute/backend.ts'
import { EngineError } from '../../errors.ts'
import type { RunSession } from '../state/session.ts'
import { returnToSaved } from '../state/trainingState.ts'

/**
 * Runs `body`, again with a smaller plan each time its device has no more memory; `body` plans anew and skips what is saved.
 * An error of any other kind is thrown on.
 * @throws EngineError 'out-of-memory' with what would help, when no smaller plan is left.
 */
export async function goOnWithLess<T>(
  { backend, warn, folder, progress }: Pick<RunSession, 'backend' | 'warn' | 'folder' | 'progress'>,
  body: () => Promise<T>,
): Promise<T> {
  const { description } = backend.info
  for (;;) {
    try {
      return await body()
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'out-of-memory' && backend.planWithLess)) throw error
      const less = backend.planWithLess()
      if (!less) throw tooLittle(description, error)
      warn(`${description} ran out of memory; the run goes on from what is saved ${withWhat(less)}`)
      await returnToSaved(folder.state, progress)
    }
  }
}

function withWhat(less: SmallerPlan): string {
  return 'rows' in less
    ? `with at most ${less.rows} tokens at a time: the parts of a batch are computed one after the other, and their gradients added up`
    : `and plans with ${formatBytes(less.limitBytes)} of it: fewer blocks stay there, and fewer activations`
}

/** A smaller batch is no remedy any more. */
function tooLittle(description: string, cause: EngineError): EngineError {
  const remedy = 'close what else uses it, use a smaller seq_len or train less, or compute with --device cpu'
  const message = `${description} has too little memory for this run, even with a window at a time and no more than a block there: ${remedy} (${cause.message})`
  return new EngineError('out-of-memory', message, { cause })
}
