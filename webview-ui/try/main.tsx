// Models on the same prompt, side by side: what each says, where it leaves the first, and what the first thinks of it.
import '../shared/base.css'
import './try.css'
import { effect } from '@preact/signals'
import { mostColumns } from '../../src/protocol/parameters.ts'
import type { FromTry, ToTry } from '../../src/protocol/view.ts'
import { announce } from '../shared/announce.ts'
import { Button } from '../shared/button.tsx'
import { connectHost } from '../shared/host.ts'
import { openPage } from '../shared/page.tsx'
import { Board } from './board.tsx'
import { PromptForm } from './promptForm.tsx'
import { busy, columns, failure, names, prompted, receive, status, written, type Prompted } from './store.ts'
import { textOf, writtenMarkdown } from './written.ts'

const host = connectHost<ToTry, FromTry>()
prompted.value = { ...prompted.value, ...(host.load().prompted as Partial<Prompted> | undefined) }
effect(() => host.save({ ...host.load(), prompted: prompted.value }))

function TryPage() {
  return (
    <div class="try">
      <Head />
      <PromptForm host={host} />
      {columns.value.note !== null && <p class="muted">{columns.value.note}</p>}
      {failure.value !== null && (
        <p class="problem" role="alert">
          {failure}
        </p>
      )}
      <p class="muted" data-status>
        {status}
      </p>
      <Board copy={copyColumn} remove={(column) => host.post({ type: 'removeColumn', column })} />
    </div>
  )
}

function Head() {
  const now = written.value
  return (
    <div class="head">
      <h1>Try it</h1>
      <div class="row">
        {now && !busy.value && <Button act={() => copy(writtenMarkdown(names.value, now))}>Copy as Markdown</Button>}
        <Button disabled={names.value.length >= mostColumns} act={() => host.post({ type: 'addColumn' })}>
          Add a checkpoint…
        </Button>
      </div>
    </div>
  )
}

function copyColumn(column: number): void {
  if (written.value) copy(written.value.texts[column].map(textOf).join('\n\n'))
}

function copy(text: string): void {
  host.post({ type: 'copy', text })
  announce('Copied.')
}

openPage(host, {
  receive(message) {
    receive(message)
    if (message.type === 'columns') host.save({ ...host.load(), columns: message.columns })
  },
  opens: ['columns'],
  Page: TryPage,
})
