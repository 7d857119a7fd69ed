// Which of several GPUs is taken where nobody names one.
import type { AdapterRecord } from './survey.ts'

/**
 * Those that can be used, the strongest first: GPUs with memory of their own, then those that share the host's, then those that
 * would not open (whoever opens one hears why), then software; of a kind the one that multiplies fastest, and of equals the one
 * with larger buffers. Dawn's order, discrete GPUs first, decides what is left.
 */
export function byStrength(adapters: readonly AdapterRecord[]): AdapterRecord[] {
  return adapters
    .filter(({ access }) => access !== 'none')
    .sort((a, b) => {
      const [left, right] = [keysOf(a), keysOf(b)]
      const at = left.findIndex((key, i) => key !== right[i])
      return at < 0 ? 0 : right[at] - left[at]
    })
}

function keysOf({ facts }: AdapterRecord): number[] {
  if (!facts) return [1, 0, 0]
  const kind = facts.software ? 0 : facts.ownMemory ? 3 : 2
  return [kind, facts.flopsPerSecond, facts.maxBufferBytes]
}
