import { plural } from '../../src/shared/format/plural.ts'
import type { Heading } from './lines.ts'

/** A group's name and how many rows it has. */
export function HeadingText({ heading, count }: Heading) {
  return (
    <>
      {heading} <span class="muted">{`· ${plural(count, 'row')}`}</span>
    </>
  )
}
