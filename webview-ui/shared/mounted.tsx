// A part that still builds its own element, inside a page of components.
import { useLayoutEffect, useRef } from 'preact/hooks'

export function Mounted({ element }: { element: HTMLElement }) {
  const place = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => place.current?.replaceChildren(element), [element])
  return <div class="mounted" ref={place} />
}
