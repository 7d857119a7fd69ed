// A page of the editor: messages of the host fill a store of signals, and components show it. Without data it shows the reason.
import { type ComponentType, render } from 'preact'
import { signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import type { FromAnyView, ToAnyView } from '../../src/protocol/view.ts'
import type { Host } from './host.ts'
import { settings } from './settings.ts'
import { Button } from './button.tsx'

/** A message of this page only, not of every view. */
export type PageMessage<To extends { type: string }> = Exclude<To, ToAnyView>

export interface PageOptions<To extends { type: string }> {
  /** Puts a message into the page's store. */
  readonly receive: (message: PageMessage<To>) => void
  /** Types of the messages on which the page replaces the loading or failure text. */
  readonly opens: readonly PageMessage<To>['type'][]
  readonly Page: ComponentType
}

type Shown = Extract<ToAnyView, { type: 'loading' | 'failed' }> | { type: 'nothing' } | { type: 'page' }

/** Renders the page into `<main>`, and tells the host that the page is listening. */
export function openPage<To extends { type: string }, From extends { type: string }>(
  host: Host<To, From | FromAnyView>,
  { receive, opens, Page }: PageOptions<To>,
): void {
  const shown = signal<Shown>({ type: 'nothing' })
  const Root = () => {
    const now = shown.value
    switch (now.type) {
      case 'nothing':
        return <Skeleton />
      case 'loading':
        return <Loading what={now.what} />
      case 'failed':
        return <Failed message={now.message} retry={() => host.post({ type: 'retry' })} />
      case 'page':
        return <Page />
    }
  }
  render(<Root />, document.querySelector('main') ?? document.body.appendChild(document.createElement('main')))
  host.listen((message) => {
    const known = message as ToAnyView | PageMessage<To>
    switch (known.type) {
      case 'loading':
      case 'failed':
        return void (shown.value = known as Shown)
      case 'settings':
        return void (settings.value = (known as Extract<ToAnyView, { type: 'settings' }>).settings)
    }
    receive(known as PageMessage<To>)
    if (opens.includes(known.type as PageMessage<To>['type']) && shown.value.type !== 'page')
      shown.value = { type: 'page' }
  })
}

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

/** The same markup as a view has before its script runs (src/extension/views/bindView.ts). */
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
