// Notes on a model beside its numbers: what is missing, what is guessed, what its files say.
import type { ModelSummary } from '../../src/shared/protocol/inspect.ts'
import { h } from '../shared/dom.ts'
import { plural } from '../../src/shared/format/plural.ts'

/** Longer lists and texts of a hostile file would stand in the way; exports have all of it. */
const mostNames = 200
const mostEntries = 100
const longestText = 4000

/** One item each: what could not be opened, with the tensors it takes along, then what is uncertain. */
export function warningItems({ problems, warnings }: ModelSummary): HTMLElement[] {
  const missing = problems.map(({ message, missing }) =>
    h('li', {}, message, missing.length > 0 && folded(`${plural(missing.length, 'missing tensor')}`, listOf(missing))),
  )
  return [...missing, ...warnings.map((warning) => h('li', {}, warning))]
}

/** `__metadata__` of the files; null where there is none. */
export function metadataBox({ metadata }: ModelSummary): HTMLElement | null {
  const entries = Object.entries(metadata)
  if (entries.length === 0) return null
  const list = h('dl', { class: 'facts mono' })
  for (const [key, text] of entries.slice(0, mostEntries)) {
    const cut = text.length > longestText ? `${text.slice(0, longestText)} … (${text.length} characters)` : text
    list.append(h('dt', {}, key), h('dd', {}, cut))
  }
  const rest = entries.length - mostEntries
  return folded(`Metadata of the files (${entries.length})`, list, rest > 0 && h('p', {}, `… and ${rest} more`))
}

function listOf(names: readonly string[]): HTMLElement {
  const rest = names.length - mostNames
  const shown = names.slice(0, mostNames).join('\n')
  return h('pre', { class: 'mono' }, rest > 0 ? `${shown}\n… and ${rest} more` : shown)
}

function folded(title: string, ...content: (HTMLElement | false)[]): HTMLElement {
  return h('details', {}, h('summary', {}, title), ...content)
}
