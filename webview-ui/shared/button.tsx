// A button of a page.
import type { ComponentChildren } from 'preact'
import { settings } from './settings.ts'

export interface ButtonProps {
  readonly act: () => void
  readonly children: ComponentChildren
  readonly title?: string
  /** In place of what it says, for screen readers. */
  readonly label?: string
  /** The one that most people come for. */
  readonly primary?: boolean
  readonly look?: 'secondary' | 'secondary small' | 'link' | 'plain' | 'toggle'
  /** It is a switch: whether it is on. */
  readonly pressed?: boolean
  readonly disabled?: boolean
  /** It writes or runs, which an untrusted workspace forbids: says so. */
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
