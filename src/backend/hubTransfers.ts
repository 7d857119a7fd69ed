// Pulls a model of the Hub, and reports progress to the editor a few times a second.
import { hubAccess } from '../engine/hub/hubAccess.ts'
import { pull } from '../engine/hub/pull.ts'
import { parseHubName } from '../engine/checkpoint/hubCache.ts'
import type { PullProgress } from '../protocol/rpc.ts'
import type { CallContext } from './channel.ts'

const tellEveryMs = 200

export async function pullModel(name: string, { signal, progress }: CallContext<'pull'>): Promise<{ folder: string }> {
  const onProgress = seldom(progress)
  const access = await hubAccess()
  const { folder } = await pull(parseHubName(name), { access, signal, onProgress })
  return { folder }
}

/** Reports a few times a second, and at the end. */
export function seldom(tell: (progress: PullProgress) => void): (have: number, total: number) => void {
  let last = -Infinity
  return (have, total) => {
    const now = performance.now()
    if (now - last < tellEveryMs && have < total) return
    last = now
    tell({ have, total })
  }
}
