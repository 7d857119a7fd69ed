// The lock of a run folder: what lies in it, and how one reads from it whether its holder lives.
//
// `lock` holds a line that says who made it, with a token nobody else has, and a number that its maker changes every
// second. Whoever sees the number stand still for long enough may succeed: with the file `lock.<token>`, which has a token of
// its own. So there is one successor of every holder, ever, and the holder is the end of the chain. Clocks of two machines
// are never compared; process ids are hints, since they mean nothing on another machine or in another container.
import { fieldsOf } from '../../catalog/formats/json.ts'

export interface LockHolder {
  readonly token: string
  readonly pid: number
  readonly host: string
  /** Id of this start of the system; null where it is not told. */
  readonly boot: string | null
  /** Namespace of `pid`; null where there is but one, or it is not told. */
  readonly pidSpace: string | null
}

export const lockName = 'lock'

/** The number is changed this often. */
export const beatMs = 1000
/** No lock is larger; more is not read. */
export const maxLockBytes = 4096

/** 128 random bits in hexadecimal. */
const token = /^[0-9a-f]{32}$/
/** Files that this program may have left beside a lock: a successor, or a lock that was never put in place. */
const relative = /^lock\.(new-)?[0-9a-f]{32}$/
const digits = 12

export function isLockRelative(name: string): boolean {
  return relative.test(name)
}

/** The file in which the successor of a holder makes itself known. */
export function successorName(holderToken: string): string {
  return `${lockName}.${holderToken}`
}

/** The two lines of a lock. */
export function encodeLock(holder: LockHolder, number: number): string {
  return `${JSON.stringify(holder)}\n${fixed(number)}\n`
}

/** The second line alone, and where it begins: it is overwritten in place. */
export function encodeBeat(holder: LockHolder, number: number): { text: string; at: number } {
  return { text: `${fixed(number)}\n`, at: new TextEncoder().encode(`${JSON.stringify(holder)}\n`).length }
}

/** Always as long, so that what is written over it leaves nothing of it. */
function fixed(number: number): string {
  return String(number % 10 ** digits).padStart(digits, '0')
}

/** null when no lock of this program has such a text. */
export function parseLock(text: string): LockHolder | null {
  try {
    const given: unknown = JSON.parse(text.slice(0, text.indexOf('\n')))
    return isHolder(given) ? given : null
  } catch {
    return null
  }
}

function isHolder(value: unknown): value is LockHolder {
  const { token: id, pid, host, boot, pidSpace } = fieldsOf(value)
  const named = (x: unknown) => x === null || (typeof x === 'string' && x.length <= 256)
  return (
    typeof id === 'string' &&
    token.test(id) &&
    Number.isSafeInteger(pid) &&
    Number(pid) > 0 &&
    typeof host === 'string' &&
    host.length <= 256 &&
    named(boot) &&
    named(pidSpace)
  )
}
