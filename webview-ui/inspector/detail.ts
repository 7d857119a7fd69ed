// Everything about one tensor: its picture, histogram, profiles, pattern validity and the groups that break it.
import type { DetailRequest, TensorDetail, TensorRow, TensorStats } from '../../src/shared/protocol/inspect.ts'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { formatBytes } from '../../src/shared/format/byteSize.ts'
import { formatCount, formatShape, formatShare, formatValue } from '../../src/shared/format/numbers.ts'
import { isKept } from '../../src/shared/format/nmValidity.ts'
import { histogramPicture, profilePicture, type BarsFile } from '../shared/bars.ts'
import { h, replaceChildren } from '../shared/dom.ts'
import type { MatrixSource } from '../shared/matrixSource.ts'
import { createMatrixView } from '../shared/matrixView.ts'
import type { PaletteName } from '../shared/palette.ts'
import { makeRoving } from '../shared/roving.ts'
import { firstSlice, matrixShape, slicePickers } from '../shared/slices.ts'

export interface DetailPane {
  element: HTMLElement
  show(tensor: TensorRow, stats: TensorStats | undefined): void
  clear(): void
  setPalette(palette: PaletteName): void
}

export interface DetailOptions {
  source: MatrixSource
  detail: (request: Omit<DetailRequest, 'path'>, signal: AbortSignal) => Promise<TensorDetail>
  copy: (text: string) => void
  save: (file: ExportFile) => void
}

export function createDetailPane(options: DetailOptions): DetailPane {
  let slice: number[] = []
  let threshold = 0
  let tensor: TensorRow | null = null
  let asked = new AbortController()
  const matrix = createMatrixView({
    label: 'Picture of the matrix',
    source: options.source,
    save: options.save,
  })
  const body = h('div', { class: 'detailBody' })
  const slices = h('div', { class: 'row' })
  const title = h('h2', { class: 'mono name' })
  const copy = h(
    'button',
    { type: 'button', class: 'secondary', onclick: () => options.copy(tensor?.name ?? '') },
    'Copy name',
  )
  const hint = h('p', { class: 'muted' }, 'Choose a cell of the map or a row of the table.')
  const nearZero = thresholdField((value) => {
    threshold = value
    void fetchDetail('same')
  })
  const tools = h('div', { class: 'row' }, copy, nearZero)
  const filled = h('div', { hidden: true }, title, tools, slices, matrix.element, body)
  const element = h('section', { class: 'card detail', 'aria-label': 'Tensor' }, hint, filled)

  const fileOf = (what: string): BarsFile => ({ title: `${tensor?.name ?? ''}: ${what}`, save: options.save })

  async function fetchDetail(stats: TensorStats | undefined | 'same'): Promise<void> {
    if (!tensor) return
    asked.abort()
    asked = new AbortController()
    const { signal } = asked
    // A new threshold leaves what is in sight until its answer is there.
    if (stats !== 'same') replaceChildren(body, ...factsOf(tensor, stats))
    if (tensor.unreadable) return
    const detail = await options.detail({ name: tensor.name, slice, threshold }, signal).catch((error: Error) => error)
    if (signal.aborted) return
    if (detail instanceof Error) body.append(h('p', { class: 'problem' }, detail.message))
    else
      replaceChildren(body, ...factsOf(tensor, detail.stats, detail), ...picturesOf(detail, matrix.showWeight, fileOf))
  }
  const showMatrix = () => {
    if (!tensor) return
    const [rows, columns] = matrixShape(tensor.shape)
    matrix.element.hidden = tensor.unreadable !== undefined || rows * columns === 0
    if (!matrix.element.hidden) matrix.show({ name: tensor.name, slice, rows, columns })
  }
  return {
    element,
    show(next, stats) {
      tensor = next
      slice = firstSlice(next.shape)
      hint.hidden = true
      filled.hidden = false
      title.textContent = next.name
      const change = (chosen: number[]) => {
        slice = chosen
        showMatrix()
        void fetchDetail(undefined)
      }
      replaceChildren(slices, ...slicePickers(next.shape, change))
      showMatrix()
      void fetchDetail(stats)
    },
    clear() {
      asked.abort()
      tensor = null
      hint.hidden = false
      filled.hidden = true
    },
    setPalette: matrix.setPalette,
  }
}

/** Exact zeros are what pruning means; models that were pruned softly are looked at with a threshold. */
function thresholdField(change: (threshold: number) => void): HTMLElement {
  const input = h('input', {
    type: 'number',
    min: 0,
    step: 'any',
    placeholder: '0',
    'aria-label': 'Near zero: largest |w|',
  })
  input.addEventListener('change', () => change(Math.max(0, Number(input.value) || 0)))
  return h(
    'label',
    { title: 'Also count weights that are not exactly 0 but no larger than this' },
    'near zero: |w| ≤ ',
    input,
  )
}

function storedText({ dtype, bytes, storedBytes, file }: TensorRow): string {
  const size = storedBytes === undefined ? formatBytes(bytes) : `${formatBytes(storedBytes)} as a bitmask`
  return `${dtype}, ${size} in ${file}`
}

function factsOf(tensor: TensorRow, stats: TensorStats | undefined, detail?: TensorDetail): HTMLElement[] {
  const facts: [string, string][] = [
    ['Shape', `${formatShape(tensor.shape)} (${formatCount(tensor.parameters)} weights)`],
    ['Stored', storedText(tensor)],
    ['Role', tensor.role],
  ]
  if (tensor.unreadable) facts.push(['Statistics', tensor.unreadable])
  if (stats) facts.push(...statFacts(stats))
  if (detail?.near) {
    const { threshold, count } = detail.near
    const share = count / Math.max(1, detail.rows * detail.columns)
    facts.push(['Near zero', `${formatShare(share)} (${formatCount(count)}) with |w| ≤ ${formatValue(threshold)}`])
  }
  const list = h('dl', { class: 'facts' })
  for (const [term, text] of facts) list.append(h('dt', {}, term), h('dd', {}, text))
  return [list]
}

function statFacts(stats: TensorStats): [string, string][] {
  const facts: [string, string][] = [
    ['Exact zeros', `${formatShare(stats.sparsity)} (${formatCount(stats.zeros)})`],
    ['Range', `${formatValue(stats.min)} to ${formatValue(stats.max)}`],
    ['Mean ± std', `${formatValue(stats.mean)} ± ${formatValue(stats.std)}`],
  ]
  if (stats.nonFinite > 0) facts.push(['NaN or infinite', formatCount(stats.nonFinite)])
  for (const [pattern, validity] of Object.entries(stats.nm)) {
    if (!isKept(validity)) continue
    const { groups, violations } = validity
    const text =
      violations === 0
        ? `valid in all ${formatCount(groups)} groups`
        : `broken in ${formatCount(violations)} of ${formatCount(groups)} groups`
    facts.push([pattern, text])
  }
  return facts
}

function picturesOf(
  detail: TensorDetail,
  showWeight: (row: number, column: number) => void,
  fileOf: (what: string) => BarsFile,
): HTMLElement[] {
  const parts: HTMLElement[] = []
  const section = (title: string, ...content: HTMLElement[]) => parts.push(h('h2', {}, title), ...content)
  const { histogram, zeros } = detail.stats
  if (histogram && histogram.from < histogram.to)
    section('Histogram', histogramPicture(histogram, zeros, fileOf('histogram')))
  // A profile of a matrix without zeros is an empty picture.
  const { heads, rowSparsity, columnSparsity, violations } = detail
  if (heads?.some(({ sparsity }) => sparsity > 0)) {
    const picture = profilePicture('heads', heads.map((head) => head.sparsity), fileOf('sparsity by head'), heads.map((head) => head.label)) // prettier-ignore
    section('Sparsity by attention head', picture)
  }
  if (detail.rows > 1 && rowSparsity.some(isPositive))
    section('Sparsity by row', profilePicture('rows', rowSparsity, fileOf('sparsity by row')))
  if (detail.columns > 1 && columnSparsity.some(isPositive))
    section('Sparsity by column', profilePicture('columns', columnSparsity, fileOf('sparsity by column')))
  if (violations && violations.groups.length > 0) {
    const title = `Groups that break ${violations.pattern} (row, first column)`
    section(title, violationList(title, violations.groups, showWeight))
  }
  return parts
}

const isPositive = (share: number) => share > 0

function violationList(
  label: string,
  groups: readonly { row: number; column: number }[],
  showWeight: (row: number, column: number) => void,
): HTMLElement {
  const links = groups.map(({ row, column }) =>
    h('button', { type: 'button', class: 'secondary', onclick: () => showWeight(row, column) }, `${row}, ${column}`),
  )
  const list = h('div', { class: 'row violations', role: 'toolbar', 'aria-label': label }, ...links)
  makeRoving(list, links)
  return list
}
