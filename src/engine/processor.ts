// Features of the processor, as far as the system lists them.
import { readFileSync } from 'node:fs'

/** Whether the processor has instructions for products of bf16; only Linux lists them. */
export function multipliesBf16(): boolean {
  try {
    return /\b(avx512_bf16|amx_bf16)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return false
  }
}
