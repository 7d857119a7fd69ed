// A text as tokens, shaded by how little the first column expected each. Details of the token under the pointer or the focus are
// shown below the texts.
import { useState } from 'preact/hooks'
import { printable, printableLine } from '../../src/formatting/printable.ts'
import { endOfText } from '../../src/runs/series/samples.ts'
import { announce } from '../shared/announce.ts'
import { placeAfter } from '../shared/roving.ts'
import { differsAt, names, surprise, type Text, written } from './store.ts'
import { formatShare } from '../../src/formatting/numbers.ts'
import type { TriedToken } from '../../src/protocol/tryOut.ts'

export interface TokenPlace {
  readonly column: number
  readonly prompt: number
  readonly index: number
}

interface Said {
  readonly name: string
  /** This column's token after the prefix that both texts share, so that the alternatives can be compared. */
  readonly token: TriedToken
  /** The pointed text's token where this column differs before the pointed token; null: no earlier difference. */
  readonly parted: string | null
}

interface Facts {
  readonly token: TriedToken
  /** Natural log of the first column's probability; undefined: not computed. */
  readonly judged: number | undefined
  readonly differs: boolean
  /** Columns that have a token there, the pointed column first. */
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
  if (parted === null) return `${name} predicts`
  return `${name} differs earlier: instead of ${shownPiece(parted)} it predicts`
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

/** The predictions of every column at a token, or at an earlier difference of its text. */
export function TokenCard({ place }: { place: TokenPlace | null }) {
  const facts = place && factsOf(place)
  if (!facts)
    return (
      <p class="muted tokenRoom">Point at a token, or move to it with the arrow keys, to see likely alternatives.</p>
    )
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

export interface TextCellProps {
  readonly column: number
  readonly prompt: number
  readonly label: string
  /** The text of the first column, and of this one. */
  readonly first: Text
  readonly text: Text
  /** null: no token has the pointer or the focus. */
  readonly onToken: (token: TokenPlace | null) => void
}

export function TextCell({ column, prompt, label, first, text, onToken }: TextCellProps) {
  const [focused, setFocused] = useState(0)
  if (text.tokens.length === 0) return null
  const stop = Math.min(focused, text.tokens.length - 1)
  const pieces = text.tokens.map(({ piece }) => printable(piece))
  const ends = text.seconds !== null && pieces.at(-1) === ''
  if (ends) pieces[pieces.length - 1] = text.rest === '' ? endOfText : printable(text.rest)
  // A token of half a character shows nothing: the token with the other half is marked.
  const differs = column === 0 ? null : differsAt(first, text)
  const marked = differs === null ? -1 : pieces.findIndex((piece, i) => i >= differs && piece !== '')
  const judged = column === 0 ? text.tokens.map(({ logProbability }) => logProbability) : (text.judged ?? [])
  const point = (index: number) => onToken({ column, prompt, index })
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    if (event.key === 'Escape') onToken(null)
    const next = placeAfter(event, stop, pieces.length)
    if (next === null) return
    event.preventDefault()
    ;(event.currentTarget.children[next] as HTMLElement).focus()
  }
  return (
    <div
      class="text"
      role="listbox"
      aria-label={label}
      aria-orientation="horizontal"
      onKeyDown={onKeyDown}
      onFocusOut={() => onToken(null)}
      onPointerLeave={() => onToken(null)}
    >
      {pieces.map((piece, i) => (
        <span
          class={`token${i === marked ? ' differs' : ''}${ends && i === pieces.length - 1 ? ' muted' : ''}`}
          role="option"
          tabindex={i === stop ? 0 : -1}
          aria-selected={i === marked}
          data-surprise={i < judged.length ? surprise(judged[i]) : undefined}
          onPointerOver={() => point(i)}
          onFocusIn={() => {
            setFocused(i)
            point(i)
            announce(tokenWords({ column, prompt, index: i }))
          }}
        >
          {piece}
        </span>
      ))}
      {!ends && text.rest !== '' && <span>{printable(text.rest)}</span>}
    </div>
  )
}
