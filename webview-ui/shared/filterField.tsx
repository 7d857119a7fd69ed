// A search field with a switch for regular expressions and a count of what is left.
import type { Signal } from '@preact/signals'
import { Button } from './button.tsx'
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
