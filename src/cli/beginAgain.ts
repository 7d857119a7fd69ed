// A command whose device runs out of memory begins again with a smaller plan, and says so.
import type { Backend } from '../engine/compute/backend.ts'
import { lessText, planWithLess, type LessOptions } from '../engine/compute/planWithLess.ts'
import type { Context } from './command.ts'

/** Runs `body`, again with less where the device has no room for it; `say` gets a line each time. @throws as `planWithLess`. */
export function beginAgainWithLess<T>(
  { say }: Pick<Context, 'say'>,
  backend: Backend,
  body: () => Promise<T>,
  options: Omit<LessOptions, 'onLess'>,
): Promise<T> {
  const onLess: NonNullable<LessOptions['onLess']> = (less) =>
    say(`warning: ${backend.info.description} ran out of memory; begins again with ${lessText(less)}`)
  return planWithLess(backend, body, { ...options, onLess })
}
