// The most memory a run has held, of the process and of the device.

export interface MemorySample {
  readonly rssMb: number
  readonly deviceMb: number
}

export interface MemoryWatch {
  /** Peak resident set size since the watch began, MB of 2^20 bytes. */
  peakMb(): number
  stop(): void
}

const everyMs = 500
const mebibyte = 2 ** 20

/**
 * Samples twice a second. Where the process's own high-water mark has risen since, that is the exact peak; in a process
 * that has done larger things before, the samples must do.
 */
export function watchMemory(deviceBytes: () => number, onSample: (sample: MemorySample) => void): MemoryWatch {
  const before = process.resourceUsage().maxRSS / 1024
  let peak = 0
  const sample = () => {
    const rssMb = process.memoryUsage.rss() / mebibyte
    peak = Math.max(peak, rssMb)
    return { rssMb, deviceMb: deviceBytes() / mebibyte }
  }
  sample()
  const timer = setInterval(() => onSample(sample()), everyMs)
  timer.unref()
  return {
    peakMb() {
      sample()
      const mark = process.resourceUsage().maxRSS / 1024
      return mark > before ? Math.max(mark, peak) : peak
    },
    stop: () => clearInterval(timer),
  }
}
