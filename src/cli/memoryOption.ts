// --memory SIZE: what a command may use; default half of what is free.
import { Option } from 'commander'
import { EngineError } from '../engine/errors.ts'
import { defaultMemoryBytes } from '../engine/facts/defaultMemory.ts'
import { parseByteSize } from '../formatting/numbers.ts'

export function memoryOption(): Option {
  return new Option('--memory <size>', 'memory to use, such as 8GB (default: half of what is free)')
}

/** @throws EngineError 'usage' for what is no size. */
export function memoryBytes(size: string | undefined): number {
  if (size === undefined) return defaultMemoryBytes()
  const bytes = parseByteSize(size)
  if (bytes !== null && bytes > 0) return bytes
  throw new EngineError('usage', `--memory ${size} is not a size; write it like 8GB or 500MiB`)
}

/** undefined: nobody asked, and a run takes the default. @throws EngineError 'usage' for what is no size. */
export function askedMemory(size: string | undefined): number | undefined {
  return size === undefined ? undefined : memoryBytes(size)
}
