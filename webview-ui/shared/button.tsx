// A button of a page.
import type { ComponentChildren } from 'preact'
import { settings } from './settings.ts'

export interface ButtonProps {
  readonly act: () => void
  readonly children: ComponentChildren
  readonly title?: string
  /** The one that most people come for. */
  readonly primary?: boolean
  readonly disabled?: boolean
  /** It writes or runs, which an untrusted workspace forbids: says so. */
  readonly untrusted?: string
}

export function Button({ act, children, title, primary = false, disabled = false, untrusted }: ButtonProps) {
  const isForbidden = untrusted !== undefined && !settings.value.trusted
  return (
    <button
      type="button"
      class={primary ? undefined : 'secondary'}
      disabled={disabled || isForbidden}
      title={isForbidden ? untrusted : title}
      onClick={act}
    >
      {children}
    </button>
  )
}
