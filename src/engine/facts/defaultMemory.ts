// The memory that a run may use by default.
import { totalmem } from 'node:os'

/** Half of what the machine, or the container, has free now. */
export function defaultMemoryBytes(): number {
  const free = process.availableMemory()
  return Math.floor((free > 0 ? free : totalmem()) / 2)
}
