import { printable } from '../../src/formatting/printable.ts'
import { endOfText, type CutText } from '../../src/runs/series/samples.ts'

/** A text of anybody's, with a mark at the token where it leaves another; null: it does not. */
export function MarkedText({ text, cut = null }: { text: string; cut?: CutText | null }) {
  if (!cut) return <bdi>{printable(text)}</bdi>
  return (
    <bdi>
      {printable(cut.before)}
      <mark title="The first token that differs">{printable(cut.token) || endOfText}</mark>
      {printable(cut.after)}
    </bdi>
  )
}
