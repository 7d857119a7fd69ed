// What a view shows when it has no data: why, since when, and what can be done.
import { useEffect, useState } from 'preact/hooks'
import { Button } from './button.tsx'

export function Loading({ what }: { what: string }) {
  const [seconds, setSeconds] = useState(0)
  useEffect(() => {
    setSeconds(0)
    const started = Date.now()
    const tick = setInterval(() => setSeconds(Math.round((Date.now() - started) / 1000)), 1000)
    return () => clearInterval(tick)
  }, [what])
  return (
    <div class="loading">
      <Skeleton />
      <p class="muted" role="status">
        {what}
        {seconds > 0 && ` · ${seconds} s`}
      </p>
    </div>
  )
}

/** The markup that the page around a view begins with (src/extension/views/page.ts), until there is something to show. */
export function Skeleton() {
  return (
    <div class="skeleton" aria-hidden="true">
      <i />
      <i />
      <i />
    </div>
  )
}

export function Failed({ message, retry }: { message: string; retry: () => void }) {
  return (
    <div class="state problem" role="alert">
      <p>{message}</p>
      <Button primary act={retry}>
        Try again
      </Button>
    </div>
  )
}

export function Empty({ message }: { message: string }) {
  return (
    <div class="state">
      <p>{message}</p>
    </div>
  )
}
