// Whether a process has a run, without taking its lock.
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beatMs, parseLock } from './lockText.ts'
import { readChain } from './lockChain.ts'
import { newHolder, seemsDead } from './lockHolder.ts'

/** A lock that was changed just now has a living holder; of one that was not a second look tells. A folder without one has none. */
export async function isHeld(folder: string): Promise<boolean> {
  const before = look(folder)
  if (!before) return false
  const holder = parseLock(before.text)
  if (holder && seemsDead(holder, newHolder())) return false
  if (Math.abs(Date.now() - before.modified) < 3 * beatMs) return true
  await sleep(2.5 * beatMs)
  const after = look(folder)
  return after !== null && after.text !== before.text
}

function look(folder: string): { text: string; modified: number } | null {
  try {
    const last = readChain(folder).at(-1)
    return last ? { text: last.text, modified: lstatSync(join(folder, last.name)).mtimeMs } : null
  } catch {
    return null
  }
}
