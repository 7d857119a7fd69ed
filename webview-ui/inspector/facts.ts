// What is known of one tensor, as terms and texts.
import type { TensorDetail, TensorRow, TensorStats } from '../../src/protocol/inspect.ts'
import {
  formatBytes,
  formatCount,
  formatShape,
  formatShare,
  formatValue,
  plural,
} from '../../src/formatting/numbers.ts'
import { isKept } from '../../src/catalog/formats/sparsity.ts'

export type Fact = readonly [term: string, text: string]

export function factsOf(tensor: TensorRow, stats: TensorStats | undefined, detail?: TensorDetail): Fact[] {
  const facts: Fact[] = [
    ['Shape', `${formatShape(tensor.shape)} (${formatCount(tensor.parameters)} weights)`],
    ['Stored', storedText(tensor)],
    ['Role', tensor.role],
  ]
  if (tensor.unreadable) facts.push(['Statistics', tensor.unreadable])
  if (stats) facts.push(...statFacts(stats))
  if (detail && detail.zeroRows + detail.zeroColumns > 0)
    facts.push(['All zero', `${plural(detail.zeroRows, 'row')}, ${plural(detail.zeroColumns, 'column')}`])
  if (detail?.near) {
    const { threshold, count } = detail.near
    const share = count / Math.max(1, detail.rows * detail.columns)
    facts.push(['Near zero', `${formatShare(share)} (${formatCount(count)}) with |w| ≤ ${formatValue(threshold)}`])
  }
  return facts
}

function storedText({ dtype, bytes, storedBytes, file }: TensorRow): string {
  const size = storedBytes === undefined ? formatBytes(bytes) : `${formatBytes(storedBytes)} as a bitmask`
  return `${dtype}, ${size} in ${file}`
}

function statFacts(stats: TensorStats): Fact[] {
  const facts: Fact[] = [
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
