// A button of a page.
import type { ComponentChildren } from 'preact'
import { settings } from './settings.ts'

export interface ButtonProps {
  readonly act: () => void
  readonly children: ComponentChildren
  readonly title?: string
  /** Replaces the text for screen readers. */
  readonly label?: string
  /** The main action of the page. */
  readonly primary?: boolean
  readonly look?: 'secondary' | 'secondary small' | 'link' | 'plain' | 'toggle'
  /** For a toggle: whether it is on. */
  readonly pressed?: boolean
  readonly disabled?: boolean
  /** Tooltip in an untrusted workspace, where the button is disabled because it writes or runs. */
  readonly untrusted?: string
}

export function Button({
  act,
  children,
  title,
  label,
  primary,
  look = 'secondary',
  pressed,
  disabled,
  untrusted,
}: ButtonProps) {
  const isForbidden = untrusted !== undefined && !settings.value.trusted
  return (
    <button
      type="button"
      class={primary ? undefined : look}
      disabled={disabled || isForbidden}
      title={isForbidden ? untrusted : title}
      aria-label={label}
      aria-pressed={pressed}
      onClick={act}
    >
      {children}
    </button>
  )
}
