// The memory of this machine, or of the container that the process runs in.
import { totalmem } from 'node:os'

export function machineMemoryBytes(): number {
  const container = process.constrainedMemory()
  return container > 0 && container < totalmem() ? container : totalmem()
}
