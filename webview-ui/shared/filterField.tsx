// A filter of names: a search field with a switch for regular expressions and a count of matches.
// Plain text: every word must occur. Regular expression: as typed, or its error.
import type { Signal } from '@preact/signals'
import { Button } from './button.tsx'

export interface Filter {
  text: string
  regex: boolean
}

export type Compiled = { keep: (name: string) => boolean; error: null } | { keep: null; error: string }

export function compileFilter({ text, regex }: Filter): Compiled {
  if (text.trim() === '') return { keep: () => true, error: null }
  if (!regex) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean)
    return { keep: (name) => words.every((word) => name.toLowerCase().includes(word)), error: null }
  }
  try {
    const pattern = new RegExp(text)
    return { keep: (name) => pattern.test(name), error: null }
  } catch (error) {
    return { keep: null, error: error instanceof Error ? error.message : String(error) }
  }
}

/** Rows that match the filter; all while the expression is invalid. */
export function keptBy<Row>(filter: Filter, rows: readonly Row[], wordsOf: (row: Row) => string): readonly Row[] {
  const { keep } = compileFilter(filter)
  return keep ? rows.filter((row) => keep(wordsOf(row))) : rows
}

export interface FilterFieldProps {
  readonly label: string
  readonly filter: Signal<Filter>
  /** Number of matches, and of all rows. */
  readonly shown: number
  readonly of: number
}

export function FilterField({ label, filter, shown, of }: FilterFieldProps) {
  const { text, regex } = filter.value
  const { error } = compileFilter(filter.value)
  return (
    <div class="row filter">
      <input
        type="search"
        placeholder="Filter names"
        aria-label={label}
        aria-invalid={error !== null}
        spellcheck={false}
        value={text}
        onInput={(event) => (filter.value = { text: event.currentTarget.value, regex })}
      />
      <Button
        look="toggle"
        pressed={regex}
        title="Use a regular expression"
        label="Use a regular expression"
        act={() => (filter.value = { text, regex: !regex })}
      >
        .*
      </Button>
      <span class="muted" aria-live="polite">
        {shown === of ? of : `${shown} of ${of}`}
      </span>
      <span class="problem" role="alert">
        {error}
      </span>
    </div>
  )
}
