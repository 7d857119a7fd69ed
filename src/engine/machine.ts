// This machine: its memory, its processor, and the rates that were measured on it (compute/rates.ts).
import { availableParallelism, cpus, totalmem } from 'node:os'
import { readFileSync } from 'node:fs'
import { type Rates, workKinds } from '../catalog/methods/work.ts'
import { fieldsOf } from '../formatting/records.ts'
import { cacheFile, readCache, writeCache } from '../system/cacheFile.ts'

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

/** Machines that share a home folder; the oldest go. */
const mostKept = 20

/** Rates of this machine's processor, in the user's cache. */
interface KeptRates {
  readonly rates: Rates
  /** What computed the products. */
  readonly libraries: string
  /** When they were measured. */
  readonly at: number
}

export const ratesFile = () => cacheFile('rates.json')

const thisMachine = (threads: number) =>
  `${cpus().at(0)?.model ?? 'processor'}, ${threads} threads, Node ${process.versions.node}`

/** undefined: nobody has measured. Only reads a small file, so that an editor may ask on every key stroke. */
export async function keptRates(threads = availableParallelism(), file = ratesFile()): Promise<KeptRates | undefined> {
  return entryOf((await readCache(file))[thisMachine(threads)])
}

export async function keepRates(threads: number, entry: KeptRates, file = ratesFile()): Promise<void> {
  const key = thisMachine(threads)
  const others = Object.entries(await readCache(file)).filter(([other, kept]) => other !== key && entryOf(kept))
  await writeCache(file, Object.fromEntries([...others.slice(1 - mostKept), [key, entry]]))
}

/** The file may hold anything. */
function entryOf(value: unknown): KeptRates | undefined {
  const { rates, libraries, at } = fieldsOf(value)
  const own = fieldsOf(rates)
  const good = workKinds.every((kind) => Number.isFinite(own[kind]) && Number(own[kind]) > 1e3)
  return good && typeof libraries === 'string' && typeof at === 'number'
    ? { rates: own as Rates, libraries, at }
    : undefined
}
