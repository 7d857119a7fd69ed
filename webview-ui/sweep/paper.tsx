// What goes into a paper: a table of the selected runs, else of all that are shown. The figures have menus of their own.
import { useEffect, useRef, useState } from 'preact/hooks'
import type { PaperFormat } from '../../src/shared/sweep/paperText.ts'
import { plural } from '../../src/shared/format/plural.ts'
import { Button } from '../shared/button.tsx'
import { host } from './host.ts'
import { chosen, ordered, paper } from './store.ts'

const formats: readonly { readonly id: PaperFormat; readonly name: string; readonly about: string; file: string }[] = [
  { id: 'latex', name: 'LaTeX', about: 'a booktabs table', file: 'runs.tex' },
  { id: 'markdown', name: 'Markdown', about: 'a pipe table', file: 'runs.md' },
]

export function PaperButton() {
  const dialog = useRef<HTMLDialogElement>(null)
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button act={() => (dialog.current?.showModal(), setOpen(true))} title="A table for a paper">
        Paper…
      </Button>
      <dialog ref={dialog} class="paper" aria-label="Table for a paper" onClose={() => setOpen(false)}>
        {isOpen && <PaperForm close={() => dialog.current?.close()} />}
      </dialog>
    </>
  )
}

function PaperForm({ close }: { close: () => void }) {
  const [format, setFormat] = useState<PaperFormat>('latex')
  const entries = chosen.value.length > 0 ? chosen.value : ordered.value
  const runs = entries.flatMap((entry) => entry.runs.map(({ index }) => index))
  const asked = runs.join()
  useEffect(() => host.post({ type: 'askPaper', runs, format }), [asked, format])
  const text = paper.value?.format === format && paper.value.runs.join() === asked ? paper.value.text : null
  const send = (to: (text: string) => void) => () => {
    if (text !== null) to(text)
    close()
  }
  const name = formats.find(({ id }) => id === format)?.file ?? ''
  return (
    <>
      <h2>Table for a paper</h2>
      <p>
        {chosen.value.length > 0
          ? `The ${plural(entries.length, 'selected row')}`
          : `All ${plural(entries.length, 'row')} of the table`}
        : median and range over the seeds, the best in bold, and how it was measured.
      </p>
      <fieldset>
        <legend class="srOnly">Format</legend>
        {formats.map(({ id, name, about }) => (
          <label class="choice">
            <input type="radio" name="format" checked={format === id} onChange={() => setFormat(id)} />
            {name}
            <span class="muted">{about}</span>
          </label>
        ))}
      </fieldset>
      <pre class="card mono" tabindex={0} aria-label="Preview">
        {text ?? 'Writing the table…'}
      </pre>
      <p class="muted">Figures: ⋯ at each picture saves it as SVG, on white and in one palette.</p>
      <div class="row">
        <Button primary act={send((copied) => host.post({ type: 'copy', text: copied }))} disabled={text === null}>
          Copy
        </Button>
        <Button
          act={send((content) => host.post({ type: 'export', name, content, encoding: 'utf8' }))}
          disabled={text === null}
        >
          Save…
        </Button>
        <Button act={close}>Cancel</Button>
      </div>
    </>
  )
}
