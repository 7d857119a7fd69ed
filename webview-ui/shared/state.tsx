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
    <div class="state" role="status">
      <p>{what}</p>
      <progress />
      <span class="muted">{seconds > 0 && `${seconds} s`}</span>
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
