// The top of the view: what is compared, how far it is, what went wrong, and what can be done with it.
import { countsText } from '../../src/shared/sweep/countsText.ts'
import type { ComparedRow, ComparedWhat, FromSweep } from '../../src/shared/protocol/sweepView.ts'
import { h, replaceChildren } from '../shared/dom.ts'
import { labelOf } from './entries.ts'

export interface HeadActions {
  readonly act: (what: Extract<FromSweep, { type: 'act' }>['what']) => void
  readonly open: (row: ComparedRow) => void
  readonly csv: () => void
  readonly markdown: () => void
}

/** More would push the table out of sight. */
const mostProblems = 5

export function createHead({ act, open, csv, markdown }: HeadActions) {
  const title = h('h1')
  const about = h('p', { class: 'muted' })
  const counts = h('span', { class: 'counts', role: 'status' })
  const bar = h('progress', { max: 1, value: 0, 'aria-label': 'Runs that are done' })
  const button = (text: string, title: string, onclick: () => void) =>
    h('button', { type: 'button', class: 'secondary', title, onclick }, text)
  const cancel = button('Cancel', 'Stop the runs of this sweep; they can be continued later', () => act('cancel'))
  const goOn = button('Continue', 'Run what is not done yet', () => act('goOn'))
  const report = button('Report', 'Table, picture and curves as one HTML page', () => act('report'))
  const recipe = button('Recipe', 'The recipe of this sweep', () => act('recipe'))
  const files = [
    button('CSV', 'Save the runs of the table as CSV, one line per run', csv),
    button('Markdown', 'Save the table as Markdown, for a paper', markdown),
  ]
  const problems = h('ul', { class: 'warnings', 'aria-label': 'Runs that failed' })
  const buttons = h('div', { class: 'row' }, cancel, goOn, report, recipe, ...files)
  let listed = ''
  return {
    element: h('header', {}, h('div', { class: 'head' }, h('div', {}, title, about), buttons), h('div', { class: 'row sweepState' }, bar, counts), problems), // prettier-ignore
    update({ kind, title: text, about: where }: ComparedWhat, rows: readonly ComparedRow[], trusted: boolean): void {
      title.textContent = text
      about.textContent = where
      const has = (...states: ComparedRow['state'][]) => rows.some(({ state }) => states.includes(state))
      const isSweep = kind === 'sweep'
      cancel.hidden = !isSweep || !trusted || !has('running', 'waiting')
      goOn.hidden = !isSweep || !trusted || has('running') || !has('failed', 'cancelled', 'waiting')
      report.hidden = !isSweep || !trusted
      recipe.hidden = !isSweep
      const said = countsText(rows.map(({ state }) => state))
      if (counts.textContent !== said) counts.textContent = said
      bar.hidden = !has('running')
      bar.value = rows.reduce((sum, { state, progress }) => sum + (state === 'done' ? 1 : (progress?.share ?? 0)), 0) / Math.max(1, rows.length) // prettier-ignore
      const failed = rows.filter(({ state }) => state === 'failed')
      problems.hidden = failed.length === 0
      const now = JSON.stringify(failed.map(({ name, message }) => [name, message]))
      // Left alone while it says the same: somebody may be on one of its buttons.
      if (now !== listed) replaceChildren(problems, ...problemLines(failed, open))
      listed = now
    },
  }
}

function problemLines(failed: readonly ComparedRow[], open: (row: ComparedRow) => void): HTMLElement[] {
  const lines = failed.slice(0, mostProblems).map((row) => {
    const text = `${labelOf({ names: [row.name], settings: row.settings })}: ${row.message ?? 'failed'} `
    const button = h('button', { type: 'button', class: 'secondary small', onclick: () => open(row) }, 'Open')
    return h('li', {}, text, row.isBegun && button)
  })
  const left = failed.length - lines.length
  return left > 0 ? [...lines, h('li', {}, `and ${left} more: sort the table by state`)] : lines
}
