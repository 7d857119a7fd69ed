// Alternatives to a token: shown beside the token that is pointed at or has the focus.
import { printableLine } from '../../src/shared/format/printable.ts'
import { formatShare } from '../../src/shared/format/numbers.ts'
import type { TriedToken } from '../../src/shared/protocol/tryOut.ts'
import { h, replaceChildren } from '../shared/dom.ts'

export interface TokenFacts {
  token: TriedToken
  /** Names of the column that wrote it, and of the first. */
  name: string
  first: string
  /** Natural log of the first column's probability; undefined: nobody has said. */
  judged: number | undefined
  differs: boolean
}

export function shownPiece(piece: string): string {
  return piece === '' ? 'end of text' : `“${printableLine(piece)}”`
}

export function probability(logProbability: number): string {
  return formatShare(Math.exp(logProbability), 1)
}

/** The facts in one line, for screen readers. */
export function tokenWords({ token, name, first, judged, differs }: TokenFacts): string {
  const others = token.alternatives.map((one) => `${shownPiece(one.piece)} ${probability(one.logProbability)}`)
  return [
    shownPiece(token.piece),
    differs ? 'first difference' : '',
    judged === undefined ? '' : `${first} ${probability(judged)}`,
    `${name} would say ${others.join(', ')}`,
  ]
    .filter(Boolean)
    .join('; ')
}

export function createTokenCard() {
  const element = h('div', { class: 'tokenCard', hidden: true, 'aria-hidden': 'true' })
  return {
    element,
    show(at: DOMRect, { token, name, first, judged, differs }: TokenFacts): void {
      const rows = token.alternatives.map((one) => {
        const share = Math.exp(one.logProbability)
        return h(
          'tr',
          {},
          h('td', { class: 'mono' }, shownPiece(one.piece)),
          h('td', { class: 'numeric' }, probability(one.logProbability)),
          h('td', {}, h('span', { class: 'shareBar', style: `width: ${Math.max(1, 80 * share).toFixed(1)}px` })),
        )
      })
      replaceChildren(
        element,
        h('b', { class: 'mono' }, shownPiece(token.piece)),
        differs && h('div', {}, 'The first token that differs'),
        judged !== undefined && h('div', {}, `${first}: ${probability(judged)}`),
        h('div', { class: 'muted' }, `${name} would say`),
        h('table', {}, h('tbody', {}, ...rows)),
      )
      element.hidden = false
      const { width, height } = element.getBoundingClientRect()
      const left = Math.max(4, Math.min(at.left, window.innerWidth - width - 4))
      const below = at.bottom + 4 + height <= window.innerHeight
      element.style.left = `${left}px`
      element.style.top = `${below ? at.bottom + 4 : Math.max(4, at.top - height - 4)}px`
    },
    hide(): void {
      element.hidden = true
    },
  }
}
