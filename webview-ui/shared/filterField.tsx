// A search field with a switch for regular expressions and a count of what is left.
import type { Signal } from '@preact/signals'
import { compileFilter, type Filter } from './filter.ts'

export interface FilterFieldProps {
  readonly label: string
  readonly filter: Signal<Filter>
  /** Rows that are left, and all. */
  readonly shown: number
  readonly of: number
}

export function FilterField({ label, filter, shown, of }: FilterFieldProps) {
  const { text, regex } = filter.value
  const { error } = compileFilter(filter.value)
  const expression = 'Use a regular expression'
  return (
    <div class="filter">
      <input
        type="search"
        placeholder="Filter names"
        aria-label={label}
        aria-invalid={error !== null}
        spellcheck={false}
        value={text}
        onInput={(event) => (filter.value = { text: event.currentTarget.value, regex })}
      />
      <button
        type="button"
        class="toggle"
        aria-pressed={regex}
        title={expression}
        aria-label={expression}
        onClick={() => (filter.value = { text, regex: !regex })}
      >
        .*
      </button>
      <span class="muted" aria-live="polite">
        {shown === of ? of : `${shown} of ${of}`}
      </span>
      <span class="problem" role="alert">
        {error}
      </span>
    </div>
  )
}
