// The model's continuations of the recipe's prompts: dense, pruned and along the recovery, one above the other.
import { printable } from '../../src/shared/format/printable.ts'
import type { RunPicture } from '../../src/shared/series/foldRun.ts'
import { endOfText, promptTexts, type PromptTexts } from '../../src/shared/series/samples.ts'
import { h, replaceChildren } from '../shared/dom.ts'

export function createSampleTexts() {
  const list = h('div', {})
  const about = h('p', { class: 'muted' }, 'Where a text first differs from the first one, the token is marked.')
  const element = h(
    'section',
    { class: 'card sampleTexts', hidden: true },
    h('h2', {}, 'Generated samples'),
    about,
    list,
  )
  let drawn = 0
  return {
    element,
    update({ samples }: RunPicture): void {
      element.hidden = samples.length === 0
      // Texts are long and come seldom: what is there stays, with its selection.
      if (samples.length === drawn) return
      drawn = samples.length
      replaceChildren(list, ...promptTexts(samples).map(tableOf))
    },
  }
}

function tableOf({ prompt, rows }: PromptTexts): HTMLElement {
  return h(
    'table',
    { class: 'texts' },
    h('caption', {}, h('bdi', {}, printable(prompt))),
    h('tbody', {}, ...rows.map(({ label, sample, cut }) => rowOf(label, sample.text, cut))),
  )
}

function rowOf(label: string, text: string, cut: PromptTexts['rows'][number]['cut']): HTMLElement {
  const parts = cut
    ? [printable(cut.before), markOf(printable(cut.token) || endOfText), printable(cut.after)]
    : [printable(text)]
  return h('tr', {}, h('th', { scope: 'row' }, label), h('td', {}, h('bdi', {}, ...parts)))
}

function markOf(token: string): HTMLElement {
  return h('mark', { title: 'The first token that differs' }, token)
}
