// A command whose device runs out of memory begins again with a smaller plan, and says so.
import type { Backend } from '../engine/compute/backend.ts'
import { planWithLess } from '../engine/compute/planWithLess.ts'
import { formatBytes } from '../shared/format/byteSize.ts'
import type { Context } from './command.ts'

/** `mayRepeat`: false once something has been said that cannot be taken back. */
export function beginAgainWithLess<T>(
  { say }: Pick<Context, 'say'>,
  backend: Backend,
  body: () => Promise<T>,
  mayRepeat?: () => boolean,
): Promise<T> {
  const onLess = (less: { readonly rows: number } | { readonly limitBytes: number }) => {
    const what = 'rows' in less ? `at most ${less.rows} tokens at a time` : `${formatBytes(less.limitBytes)} of it`
    say(`warning: ${backend.info.description} ran out of memory; begins again with ${what}`)
  }
  return planWithLess(backend, body, onLess, mayRepeat)
}
