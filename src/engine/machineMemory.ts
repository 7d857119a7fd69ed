// What this machine, or the container that we run in, has in all.
import { totalmem } from 'node:os'

export function machineMemoryBytes(): number {
  const container = process.constrainedMemory()
  return container > 0 && container < totalmem() ? container : totalmem()
}
