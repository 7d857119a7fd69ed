// What goes into a paper: a table of the selected runs, else of all that are shown. The figures have menus of their own.
import { useRef, useState } from 'preact/hooks'
import type { PaperFormat } from '../../src/shared/sweep/paperText.ts'
import { plural } from '../../src/shared/format/plural.ts'
import { host } from './host.ts'
import { chosen, ordered } from './store.ts'

const formats: readonly { readonly id: PaperFormat; readonly name: string; readonly about: string }[] = [
  { id: 'latex', name: 'LaTeX', about: 'a booktabs table' },
  { id: 'markdown', name: 'Markdown', about: 'a pipe table' },
]

export function PaperButton() {
  const dialog = useRef<HTMLDialogElement>(null)
  const [format, setFormat] = useState<PaperFormat>('latex')
  const entries = chosen.value.length > 0 ? chosen.value : ordered.value
  const send = (to: 'file' | 'clipboard') => {
    const runs = entries.flatMap((entry) => entry.runs.map(({ index }) => index))
    host.post({ type: 'paper', runs, format, to })
    dialog.current?.close()
  }
  return (
    <>
      <button type="button" class="secondary" title="A table for a paper" onClick={() => dialog.current?.showModal()}>
        Paper…
      </button>
      <dialog ref={dialog} class="paper" aria-label="Table for a paper">
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
        <p class="muted">Figures: ⋯ at each picture saves it as SVG, on white and in one palette.</p>
        <div class="row">
          <button type="button" disabled={entries.length === 0} onClick={() => send('clipboard')}>
            Copy
          </button>
          <button type="button" class="secondary" disabled={entries.length === 0} onClick={() => send('file')}>
            Save…
          </button>
          <button type="button" class="secondary" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </div>
      </dialog>
    </>
  )
}
