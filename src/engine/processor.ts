// What the processor can do, as far as the system says it.
import { readFileSync } from 'node:fs'

/** It has instructions for products of bf16; only Linux says. */
export function multipliesBf16(): boolean {
  try {
    return /\b(avx512_bf16|amx_bf16)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return false
  }
}
