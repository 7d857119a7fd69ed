// Opens the compute device and tests it: computes a value and reads it back. An adapter may open although this runtime cannot read its
// memory.
import type { DeviceChoice } from '../protocol/parameters.ts'
import type { Backend } from '../engine/compute/backend.ts'
import { openBackend } from '../engine/compute/open.ts'
import type { DeviceFacts } from '../protocol/rpc.ts'

export function openChosen({ device, adapter, threads, deviceMemory }: DeviceChoice): Promise<Backend> {
  return openBackend({
    device,
    adapter: adapter || undefined,
    threads: threads > 0 ? threads : undefined,
    deviceMemory: deviceMemory || undefined,
  })
}

/** Opens the device to learn its facts, and closes it: a run opens the device again in its own thread. */
export async function probeDevice(choice: DeviceChoice): Promise<DeviceFacts> {
  const backend = await openChosen(choice)
  const { info } = backend
  await backend.close()
  return {
    device: info.device,
    description: info.description,
    reasons: [info.details.reason, info.details.note].map((reason) => String(reason ?? '')).filter(Boolean),
  }
}
