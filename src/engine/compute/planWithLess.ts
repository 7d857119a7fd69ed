// A device that runs out of memory: what was asked of it is done again, with a smaller plan each time.
import { EngineError } from '../errors.ts'
import type { Backend, SmallerPlan } from './backend.ts'

/**
 * Runs `body`; each time the device has no more memory, asks it for a smaller plan, calls `onLess`, and runs `body` again. An
 * error of any other kind is thrown on, and so is this one where memory is the host's or `mayRepeat` says no.
 * @throws EngineError 'out-of-memory' with what would help, when no smaller plan is left.
 */
export async function planWithLess<T>(
  { info, planWithLess: smaller }: Pick<Backend, 'info' | 'planWithLess'>,
  body: () => Promise<T>,
  onLess: (less: SmallerPlan) => void | Promise<void>,
  mayRepeat: () => boolean = () => true,
): Promise<T> {
  for (;;) {
    try {
      return await body()
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'out-of-memory' && smaller) || !mayRepeat()) throw error
      const less = smaller()
      if (!less) throw tooLittle(info.description, error)
      await onLess(less)
    }
  }
}

/** A smaller batch is no remedy any more. */
function tooLittle(description: string, cause: EngineError): EngineError {
  const remedy = 'close what else uses it, use a smaller seq_len or train less, or compute with --device cpu'
  const message = `${description} has too little memory for this, even with a window at a time and no more than a block there: ${remedy} (${cause.message})`
  return new EngineError('out-of-memory', message, { cause })
}
