// The facts about one tensor, as terms and texts.
import type { TensorDetail, TensorRow, TensorStats } from '../../src/protocol/inspect.ts'
import { formatBytes, formatCount, formatShare, formatValue, plural } from '../../src/formatting/numbers.ts'
import { isKept, keptShare } from '../../src/catalog/formats/sparsity.ts'

export type Fact = readonly [term: string, text: string]

export function factsOf(tensor: TensorRow, stats: TensorStats | undefined, detail?: TensorDetail): Fact[] {
  const facts: Fact[] = []
  if (tensor.unreadable) facts.push(['Statistics', tensor.unreadable])
  if (stats) facts.push(...statFacts(stats))
  if (detail && detail.zeroRows + detail.zeroColumns > 0)
    facts.push(['All zero', `${plural(detail.zeroRows, 'row')}, ${plural(detail.zeroColumns, 'column')}`])
  facts.push(['Stored', storedText(tensor)])
  return facts
}

/** The place of a tensor: "Block 12, mlp.down_proj", or its module outside of the blocks. */
export function placeText({ block, module }: TensorRow): string {
  return block === null ? module : `Block ${block}, ${module}`
}

/** Count of weights up to the chosen threshold; '' without a threshold. */
export function nearText(detail: TensorDetail | undefined): string {
  if (!detail?.near) return ''
  const { threshold, count } = detail.near
  const share = count / Math.max(1, detail.rows * detail.columns)
  return `${formatShare(share)} (${formatCount(count)}) with |w| ≤ ${formatValue(threshold)}`
}

function storedText({ dtype, bytes, storedBytes, file }: TensorRow): string {
  const size = storedBytes === undefined ? formatBytes(bytes) : `${formatBytes(storedBytes)} as a bitmask`
  return `${dtype}, ${size} in ${file}`
}

function statFacts(stats: TensorStats): Fact[] {
  const facts: Fact[] = [['Exact zeros', `${formatShare(stats.sparsity)} (${formatCount(stats.zeros)})`]]
  if (stats.nonFinite > 0) facts.push(['NaN or infinite', formatCount(stats.nonFinite)])
  for (const [pattern, validity] of Object.entries(stats.nm)) {
    if (!isKept(validity)) continue
    const { groups, violations } = validity
    const text =
      violations === 0
        ? `holds in all ${formatCount(groups)} groups`
        : `${formatShare(violations / groups, 1)} of ${formatCount(groups)} groups break it`
    facts.push([pattern, text])
  }
  const { min, max, mean, meanAbs, std } = stats
  if (min !== null && max !== null) {
    facts.push(['|w|', `mean ${formatValue(meanAbs)}, largest ${formatValue(Math.max(-min, max))}`])
    facts.push(['Range', `${formatValue(min)} to ${formatValue(max)}`])
    facts.push(['Mean, Std. dev.', `${formatValue(mean)}, ${formatValue(std)}`])
  }
  return facts
}

/** "valid" if all groups satisfy the pattern, else the share of those that do; "no" if few do; "n/a" if M does not divide the inputs. */
export function nmText(stats: TensorStats | undefined, pattern: string): string {
  const found = stats?.nm[pattern]
  if (!stats) return '–'
  if (!found) return 'n/a'
  if (found.violations === 0) return 'valid'
  return isKept(found) ? formatShare(keptShare(found), 1) : 'no'
}

/** Sort key of the column: the share of groups that satisfy the pattern. */
export function nmKey(stats: TensorStats | undefined, pattern: string): number | null {
  const found = stats?.nm[pattern]
  return found ? keptShare(found) : null
}
