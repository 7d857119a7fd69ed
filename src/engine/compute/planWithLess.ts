// When a device runs out of memory, its work is done again, with a smaller plan each time.
import { formatBytes } from '../../formatting/numbers.ts'
import { EngineError, isOutOfMemory } from '../errors.ts'
import type { Backend, SmallerPlan } from './backend.ts'

export interface LessOptions {
  /** Called before each further try. */
  readonly onLess?: (less: SmallerPlan) => void | Promise<void>
  /** Advice that makes it need less, as in "use a shorter prompt". */
  readonly remedy: string
  /** Returns false once output was given that cannot be taken back. */
  readonly mayRepeat?: () => boolean
}

/**
 * Runs `body`; each time the device has no more memory, asks it for a smaller plan and runs `body` again. An error of any other
 * kind is thrown on, and so is this one where memory is the host's or `mayRepeat` says no.
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

/** The smaller plan in words, as in "begins again with …". */
export function lessText(less: SmallerPlan): string {
  return 'rows' in less ? `at most ${less.rows} tokens at a time` : `${formatBytes(less.limitBytes)} of its memory`
}

/** The error where a smaller batch is no remedy any more. */
function tooLittle(description: string, remedy: string, cause: EngineError): EngineError {
  const message = `${description} has too little memory for this, even with one window and one block at a time: close other programs that use it, ${remedy}, or compute on the CPU (--device cpu) (${cause.message})`
  return new EngineError('out-of-memory', message, { cause })
}
