// Notes on a model beside its numbers: what is missing, what is guessed, what its files say.
import type { ModelSummary } from '../../src/protocol/inspect.ts'
import { someOf } from '../../src/formatting/lists.ts'
import { plural } from '../../src/formatting/numbers.ts'
import { Facts, Folded, Warnings } from '../shared/parts.tsx'

/** Longer lists and texts of a hostile file would stand in the way; exports have all of it. */
const mostNames = 200
const mostEntries = 100
const longestText = 4000

/** What could not be opened, with the tensors it takes along, then what is uncertain. */
export function Notes({ model: { problems, warnings } }: { model: ModelSummary }) {
  const opening = problems.map(({ message, missing }) => (
    <>
      {message}
      {missing.length > 0 && (
        <Folded title={plural(missing.length, 'missing tensor')}>{someOf(missing, mostNames, '\n')}</Folded>
      )}
    </>
  ))
  return <Warnings of={[...opening, ...warnings]} />
}

/** `__metadata__` of the files. */
export function Metadata({ model: { metadata } }: { model: ModelSummary }) {
  const entries = Object.entries(metadata)
  if (entries.length === 0) return null
  const rest = entries.length - mostEntries
  return (
    <Folded title={`Metadata of the files (${entries.length})`}>
      <div class="mono">
        <Facts facts={entries.slice(0, mostEntries).map(([key, text]) => [key, shortened(text)])} />
      </div>
      {rest > 0 && <p>… and {rest} more</p>}
    </Folded>
  )
}

export const shortened = (text: string) =>
  text.length > longestText ? `${text.slice(0, longestText)} … (${text.length} characters)` : text
