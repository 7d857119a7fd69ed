import { createHash } from 'node:crypto'

/** In hex, of UTF-8. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
