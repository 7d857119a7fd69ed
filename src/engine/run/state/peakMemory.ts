// The most memory a run has held, of the process and of the device; MB of 10^6 bytes.
import { megabyte } from '../../../formatting/numbers.ts'

export interface MemoryWatch {
  /** Peak resident set size since the watch began. */
  peakMb(): number
  stop(): void
}

const everyMs = 500

/**
 * Samples twice a second. If the process's high-water mark has risen since the watch began, the mark is the exact peak. Otherwise the
 * process used more memory before, and the peak is that of the samples.
 */
export function watchMemory(
  deviceBytes: () => number,
  onSample?: (rssMb: number, deviceMb: number) => void,
): MemoryWatch {
  const before = highWaterMb()
  let peak = 0
  const sample = () => {
    const rssMb = process.memoryUsage.rss() / megabyte
    peak = Math.max(peak, rssMb)
    return rssMb
  }
  sample()
  const timer = setInterval(() => {
    const rssMb = sample()
    onSample?.(rssMb, deviceBytes() / megabyte)
  }, everyMs)
  timer.unref()
  return {
    peakMb() {
      sample()
      const mark = highWaterMb()
      return mark > before ? Math.max(mark, peak) : peak
    },
    stop: () => clearInterval(timer),
  }
}

/** Node gives kB of 1024 bytes. */
function highWaterMb(): number {
  return (process.resourceUsage().maxRSS * 1024) / megabyte
}
