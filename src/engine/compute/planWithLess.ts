// When a device runs out of memory, its work is done again, with a smaller plan each time.
import { formatBytes } from '../../formatting/numbers.ts'
import { EngineError, isOutOfMemory } from '../errors.ts'
import type { Backend, SmallerPlan } from './backend.ts'

export interface LessOptions {
  /** Called before each further try. */
  readonly onLess?: (less: SmallerPlan) => void | Promise<void>
  /** Advice on how to need less memory, such as "use a shorter prompt". */
  readonly remedy: string
  /** Returns false once output has been emitted that cannot be withdrawn. */
  readonly mayRepeat?: () => boolean
}

/**
 * Runs `body`. Each time the device runs out of memory, asks it for a smaller plan and runs `body` again. Other errors are
 * rethrown, and so are these where tensors are in the host's memory or `mayRepeat` returns false.
 * @throws EngineError 'out-of-memory' with what would help, when no smaller plan is left.
 */
export async function planWithLess<T>(
  backend: Pick<Backend, 'info' | 'planWithLess'>,
  body: () => Promise<T>,
  { onLess, remedy, mayRepeat = () => true }: LessOptions,
): Promise<T> {
  for (;;) {
    try {
      return await body()
    } catch (error) {
      if (!isOutOfMemory(error) || !backend.planWithLess || !mayRepeat()) throw error
      const less = backend.planWithLess()
      if (!less) throw tooLittle(backend.info.description, remedy, error)
      await onLess?.(less)
    }
  }
}

/** The smaller plan in words, as in "continues with …". */
export function lessText(less: SmallerPlan): string {
  return 'rows' in less ? `at most ${less.rows} tokens at a time` : `${formatBytes(less.limitBytes)} of its memory`
}

/** The error when no smaller plan is left. */
function tooLittle(description: string, remedy: string, cause: EngineError): EngineError {
  const message = `${description} has too little memory for this, even with one window and one block at a time: close other programs that use it, ${remedy}, or compute on the CPU (--device cpu) (${cause.message})`
  return new EngineError('out-of-memory', message, { cause })
}
