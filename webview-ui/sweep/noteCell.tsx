// Tags and notes of a run, written in its row: a press or F2 opens the field, Enter keeps, Escape does not.
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { ComparedRow } from '../../src/shared/protocol/sweepView.ts'
import { longestNote, tidyNotes, type RunNotes } from '../../src/shared/sweep/runNotes.ts'
import { notesOf, tagsOf } from './entries.ts'
import { host } from './host.ts'

interface NoteCellProps {
  /** Seeds that are one row get the same. */
  readonly runs: readonly ComparedRow[]
  readonly what: keyof RunNotes
}

const words = {
  tags: { label: 'Tags, with commas between them', add: '+ tag' },
  note: { label: 'Note', add: '+ note' },
}

export function NoteCell({ runs: all, what }: NoteCellProps) {
  // They are kept in folders.
  const runs = all.filter(({ isBegun }) => isBegun)
  const [isOpen, open] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => {
    const input = field.current
    input?.select()
    // Rows that move while somebody writes take the field away: what is written is kept, and the table has the focus.
    return () => {
      if (input && document.activeElement === input) input.closest<HTMLElement>('[role=grid]')?.focus()
    }
  }, [isOpen])
  const tags = tagsOf(runs)
  const text = what === 'tags' ? tags.join(', ') : notesOf(runs).note
  const leave = (event: Event) => {
    open(false)
    ;(event.target as Element).closest<HTMLElement>('[role=grid]')?.focus()
  }
  const keep = (written: string) => {
    if (written !== text)
      for (const run of runs) host.post({ type: 'annotate', run: run.key, notes: noted(run, what, written) })
  }
  if (runs.length === 0) return null
  if (!isOpen) {
    return (
      <button
        type="button"
        tabIndex={-1}
        class="cut note"
        data-note={what}
        title={text || words[what].label}
        onClick={() => open(true)}
      >
        {text === '' && <span class="muted addNote">{words[what].add}</span>}
        {what === 'note' ? text : tags.map((tag) => <span class="tag">{tag}</span>)}
      </button>
    )
  }
  return (
    <input
      ref={field}
      class="cut note"
      type="text"
      aria-label={words[what].label}
      maxLength={longestNote}
      defaultValue={text}
      onBlur={(event) => {
        keep(event.currentTarget.value)
        open(false)
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.value = text
        if (event.key === 'Enter' || event.key === 'Escape') leave(event)
      }}
    />
  )
}

function noted({ notes }: ComparedRow, what: keyof RunNotes, written: string): RunNotes {
  return tidyNotes(what === 'tags' ? { ...notes, tags: written.split(',') } : { ...notes, note: written })
}
