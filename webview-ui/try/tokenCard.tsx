// What every column would say at the place of the token that is pointed at or has the focus, or where its text parted before.
// It has its own place below the texts, so it never covers them.
import { printableLine } from '../../src/formatting/printable.ts'
import { formatShare } from '../../src/formatting/numbers.ts'
import type { TriedToken } from '../../src/protocol/parameters.ts'
import { names, written } from './store.ts'
import { differsAt } from './written.ts'

export interface TokenPlace {
  readonly column: number
  readonly prompt: number
  readonly index: number
}

interface Said {
  readonly name: string
  /** Stands after the same tokens in both texts, so that what could have stood there can be compared. */
  readonly token: TriedToken
  /** What the text that is pointed at has in its place, where that is before the token; null: they part nowhere before. */
  readonly parted: string | null
}

interface Facts {
  readonly token: TriedToken
  /** Natural log of the first column's probability; undefined: nobody has said. */
  readonly judged: number | undefined
  readonly differs: boolean
  /** Columns that have a token there, the one that is pointed at before the others. */
  readonly said: readonly Said[]
}

function factsOf({ column, prompt, index }: TokenPlace): Facts | null {
  const texts = written.value?.texts.map((own) => own[prompt])
  const text = texts?.at(column)
  const token = text?.tokens.at(index)
  if (!texts || !text || !token) return null
  const said = texts.flatMap((other, i): Said[] => {
    const parts = text.tokens.findIndex(({ id }, place) => other.tokens.at(place)?.id !== id)
    const place = parts < 0 ? index : Math.min(index, parts)
    const its = other.tokens.at(place)
    return its ? [{ name: names.value[i], token: its, parted: place < index ? text.tokens[place].piece : null }] : []
  })
  const own = said.findIndex((one) => one.token === token)
  return {
    token,
    judged: column === 0 ? token.logProbability : text.judged?.[index],
    differs: column > 0 && differsAt(texts[0], text) === index,
    said: [said[own], ...said.filter((_, i) => i !== own)],
  }
}

function shownPiece(piece: string): string {
  return piece === '' ? 'end of text' : `“${printableLine(piece)}”`
}

function probability(logProbability: number): string {
  return formatShare(Math.exp(logProbability), 1)
}

function wouldSay({ name, parted }: Said): string {
  if (parted === null) return `${name} would say`
  return `${name} left this text before, where instead of ${shownPiece(parted)} it would say`
}

/** The facts in one line, for screen readers. */
export function tokenWords(place: TokenPlace): string {
  const facts = factsOf(place)
  if (!facts) return ''
  const { token, judged, differs, said } = facts
  const words = said.map((one) => {
    const others = one.token.alternatives.map(
      (other) => `${shownPiece(other.piece)} ${probability(other.logProbability)}`,
    )
    return `${wouldSay(one)} ${others.join(', ')}`
  })
  return [
    shownPiece(token.piece),
    differs ? 'first difference' : '',
    judged === undefined ? '' : `${names.value[0]} ${probability(judged)}`,
    ...words,
  ]
    .filter(Boolean)
    .join('; ')
}

export function TokenCard({ place }: { place: TokenPlace | null }) {
  const facts = place && factsOf(place)
  if (!facts)
    return <p class="muted tokenRoom">Point at a token, or go to it by the arrow keys, to see what else was likely.</p>
  const { token, judged, differs, said } = facts
  return (
    <div class="tokenRoom tokenCard" aria-hidden="true">
      <div class="row">
        <b class="mono">{shownPiece(token.piece)}</b>
        {judged !== undefined && (
          <span>
            {names.value[0]}: {probability(judged)}
          </span>
        )}
        {differs && <span>The first token that differs</span>}
      </div>
      <div class="alternatives">
        {said.map((one) => (
          <section>
            <div class="muted">{wouldSay(one)}</div>
            <Alternatives of={one.token} />
          </section>
        ))}
      </div>
    </div>
  )
}

function Alternatives({ of }: { of: TriedToken }) {
  return (
    <table>
      <tbody>
        {of.alternatives.map(({ piece, logProbability }) => (
          <tr>
            <td class="mono">{shownPiece(piece)}</td>
            <td class="numeric">{probability(logProbability)}</td>
            <td>
              <span class="shareBar" style={{ width: `${Math.max(1, 40 * Math.exp(logProbability)).toFixed(1)}px` }} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
