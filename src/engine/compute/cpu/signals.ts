// Blocks signals in the calling thread while it runs library code whose memory a signal handler would overwrite.
import type koffi from 'koffi'

/** Signals of a faulting instruction: if they were blocked, the fault would end the process. ILL, TRAP, ABRT, BUS, FPE, SEGV and SYS. */
const faults = [4, 5, 6, 7, 8, 11, 31]
/** `SIG_BLOCK`, `SIG_SETMASK` and the bytes of a `sigset_t` of Linux. */
const [block, set, bytes] = [0, 2, 128]

export interface HeldSignals {
  /** Signals that arrive from now on stay pending until `release`. */
  hold(): void
  release(): void
}

const nothing: HeldSignals = { hold: () => undefined, release: () => undefined }

/** Binds `pthread_sigmask` for the calling thread. Does nothing on systems other than Linux. */
export function bindSignals(koffiModule: typeof koffi): HeldSignals {
  if (process.platform !== 'linux') return nothing
  const words = new BigUint64Array(new ArrayBuffer(2 * bytes))
  words[0] = faults.reduce((all, signal) => all & ~(1n << BigInt(signal - 1)), 2n ** 64n - 1n)
  const held = Number(koffiModule.address(words))
  const before = held + bytes
  const mask = koffiModule.load(null).func('int pthread_sigmask(int how, uintptr_t signals, uintptr_t before)')
  // The closures keep `words` from being collected.
  const keep = (how: number, signals: number, old: number) => words.length > 0 && mask(how, signals, old)
  return { hold: () => void keep(block, held, before), release: () => void keep(set, before, 0) }
}
