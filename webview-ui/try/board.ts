// The columns: one prompt as cards side by side, several as a table with a row each.
import { printable } from '../../src/shared/format/printable.ts'
import type { TriedModel } from '../../src/shared/protocol/view.ts'
import { announce } from '../shared/announce.ts'
import { h, replaceChildren } from '../shared/dom.ts'
import { createColumnHead, nameOf, type ColumnHead } from './columnHead.ts'
import { createTextCell, type TextCell } from './textCell.ts'
import { createTokenCard, tokenWords, type TokenFacts } from './tokenCard.ts'
import { differsAt, judgement, type Written } from './written.ts'

export interface BoardActions {
  copy: (column: number) => void
  remove: (column: number) => void
}

export function createBoard(actions: BoardActions) {
  const card = createTokenCard()
  const columnsRow = h('div', { class: 'columns' })
  const table = h('div', { class: 'batch', role: 'region', tabindex: 0, 'aria-label': 'Texts by prompt', hidden: true })
  const element = h('div', {}, columnsRow, table, card.element)
  let models: readonly TriedModel[] = []
  let heads: ColumnHead[] = []
  /** By column, then by prompt. */
  let cells: TextCell[][] = []
  let written: Written | null = null

  const factsOf = (column: number, prompt: number, index: number): TokenFacts | null => {
    const token = written?.texts[column][prompt].tokens.at(index)
    if (!written || !token) return null
    const judged = judgement(written, column, prompt, index)
    const differs = column > 0 && differsAt(written, column, prompt) === index
    return { token, name: nameOf(models[column]), first: nameOf(models[0]), judged, differs }
  }
  const cellOf = (column: number, prompt: number) =>
    createTextCell({
      label: `Tokens of ${nameOf(models[column])}`,
      onToken(token) {
        const facts = token && factsOf(column, prompt, token.index)
        if (!facts) return card.hide()
        card.show(token.at.getBoundingClientRect(), facts)
        if (token.spoken) announce(tokenWords(facts))
      },
    })

  const layOut = () => {
    heads = models.map((model, i) =>
      createColumnHead(model, i, { copy: () => actions.copy(i), remove: () => actions.remove(i) }),
    )
    cells = models.map((_, i) => (written?.prompts ?? []).map((_, p) => cellOf(i, p)))
    const single = (written?.prompts.length ?? 0) <= 1
    const cards = heads.map((head, i) =>
      h(
        'section',
        { class: 'card', 'aria-label': nameOf(models[i]) },
        head.element,
        single ? cells[i].at(0)?.element : null,
      ),
    )
    replaceChildren(columnsRow, ...cards)
    table.hidden = single
    if (single || !written) return replaceChildren(table)
    replaceChildren(table, batchTable(models, written.prompts, cells))
  }

  return {
    element,
    columns(next: readonly TriedModel[]): void {
      models = next
      written = null
      card.hide()
      layOut()
    },
    begin(next: Written): void {
      written = next
      card.hide()
      layOut()
    },
    update(busy: boolean): void {
      const now = written
      heads.forEach((head) => head.update(now, busy))
      if (!now) return
      cells.forEach((own, column) =>
        own.forEach((cell, prompt) => {
          const differs = column === 0 ? null : differsAt(now, column, prompt)
          cell.update(now.texts[column][prompt], differs, (i) => judgement(now, column, prompt, i))
        }),
      )
    },
  }
}

/** A row a prompt, a column a checkpoint. */
function batchTable(models: readonly TriedModel[], prompts: readonly string[], cells: TextCell[][]): HTMLElement {
  const heads = models.map((model) => h('th', { scope: 'col' }, nameOf(model)))
  const rows = prompts.map((prompt, p) => {
    const texts = cells.map((own) => h('td', {}, own[p].element))
    return h('tr', {}, h('th', { scope: 'row' }, h('bdi', {}, printable(prompt))), ...texts)
  })
  return h('table', {}, h('thead', {}, h('tr', {}, h('th', {}, 'prompt'), ...heads)), h('tbody', {}, ...rows))
}
