// Which device computes here. Opening one proves it: a value is computed on it and read back, since an adapter that
// can be asked for may still be one whose memory this runtime cannot read.
import { openBackend } from '../engine/compute/open.ts'
import type { DeviceFacts } from '../shared/protocol/rpc.ts'

export interface DeviceChoice {
  device: 'auto' | 'cpu' | 'wgpu'
  /** 0: as many as there are cores. */
  threads: number
}

/** Opened once to be known, and closed: a run opens its own in its own thread. */
export async function probeDevice({ device, threads }: DeviceChoice): Promise<DeviceFacts> {
  const backend = await openBackend({ device, threads: threads > 0 ? threads : undefined })
  const { info } = backend
  await backend.close()
  return {
    device: info.device === 'wgpu' ? 'wgpu' : 'cpu',
    description: info.description,
    reasons: [String(info.details.reason ?? '')].filter(Boolean),
  }
}
