// This machine: its memory and its processor.
import { totalmem } from 'node:os'
import { readFileSync } from 'node:fs'

/** The memory of this machine, or of the container that the process runs in. */
export function machineMemoryBytes(): number {
  const container = process.constrainedMemory()
  return container > 0 && container < totalmem() ? container : totalmem()
}

/** Whether the processor has instructions for products of bf16; only Linux lists them. */
export function multipliesBf16(): boolean {
  try {
    return /\b(avx512_bf16|amx_bf16)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return false
  }
}

/** The memory that a run may use by default: half of what the machine, or the container, has free now. */
export function defaultMemoryBytes(): number {
  const free = process.availableMemory()
  return Math.floor((free > 0 ? free : totalmem()) / 2)
}
