// A text as its tokens: each can be pointed at or walked to, shaded by how little the first column expected it.
import { useState } from 'preact/hooks'
import { printable } from '../../src/formatting/printable.ts'
import { endOfText } from '../../src/runs/series/samples.ts'
import { announce } from '../shared/announce.ts'
import { placeAfter } from '../shared/roving.ts'
import { tokenWords, type TokenPlace } from './tokenCard.tsx'
import { differsAt, surprise, type Text } from './written.ts'

export interface TextCellProps {
  readonly column: number
  readonly prompt: number
  readonly label: string
  /** What the first column wrote, and this one. */
  readonly first: Text
  readonly text: Text
  /** null: no token is pointed at or has the focus any more. */
  readonly onToken: (token: TokenPlace | null) => void
}

export function TextCell({ column, prompt, label, first, text, onToken }: TextCellProps) {
  const [focused, setFocused] = useState(0)
  if (text.tokens.length === 0) return null
  const stop = Math.min(focused, text.tokens.length - 1)
  const pieces = text.tokens.map(({ piece }) => printable(piece))
  const ends = text.seconds !== null && pieces.at(-1) === ''
  if (ends) pieces[pieces.length - 1] = text.rest === '' ? endOfText : printable(text.rest)
  // Half a character shows nothing: its other half is marked.
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
