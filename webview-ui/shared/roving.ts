// One Tab stop for many controls: the arrow keys, Home and End move between them.

/** `items` in their order; hidden ones are skipped. Call again when the items change. */
export function makeRoving(list: HTMLElement, items: readonly HTMLElement[]): void {
  const stop = (at: HTMLElement | undefined) => {
    for (const item of items) item.tabIndex = item === at ? 0 : -1
  }
  stop(items.find((item) => !item.hidden))
  list.addEventListener('focusin', (event) => {
    const focused = items.find((item) => item === event.target)
    if (focused) stop(focused)
  })
  list.addEventListener('keydown', (event) => {
    const shown = items.filter((item) => item.checkVisibility())
    const next = placeAfter(event, shown.indexOf(document.activeElement as HTMLElement), shown.length)
    if (next === null) return
    event.preventDefault()
    event.stopPropagation()
    shown[next]?.focus()
  })
}

/** The index that a key moves to from `at`; null: the key does not move. */
export function placeAfter(
  { key, shiftKey, altKey, ctrlKey, metaKey }: KeyboardEvent,
  at: number,
  length: number,
): number | null {
  if (at < 0 || shiftKey || altKey || ctrlKey || metaKey) return null
  switch (key) {
    case 'ArrowRight':
    case 'ArrowDown':
      return Math.min(length - 1, at + 1)
    case 'ArrowLeft':
    case 'ArrowUp':
      return Math.max(0, at - 1)
    case 'Home':
      return 0
    case 'End':
      return length - 1
    default:
      return null
  }
}

const aPage = 10

/** The index of the value that a key reads next; null: the key does not move. Without `at`, arrows and pages start at the last value. */
export function stepTo(key: string, at: number | null, length: number): number | null {
  const last = Math.max(0, length - 1)
  const moves: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, PageUp: aPage, PageDown: -aPage }
  if (key === 'Home') return 0
  if (key === 'End') return last
  if (!(key in moves)) return null
  return at === null || at < 0 ? last : Math.min(last, Math.max(0, at + moves[key]))
}
