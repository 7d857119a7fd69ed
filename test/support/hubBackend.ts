// The real backend process with a Hub on this machine.
import { existsSync } from 'node:fs'
import { createCaller, type Caller } from '../../src/extension/backend/calls.ts'
import { createLaunch } from '../../src/extension/backend/launch.ts'
import { ownSecret } from '../../src/extension/backend/socketPlace.ts'
import { protocolVersion } from '../../src/protocol/rpc.ts'
import type { Scratch } from './scratch.ts'

export const backendScript = new URL('../../dist/backend.mjs', import.meta.url).pathname

export interface HubBackend {
  readonly call: Caller
  stop(): Promise<void>
}

/** The backend has the environment that it is started with. */
export async function startHubBackend(temp: Scratch, endpoint: string, token: string): Promise<HubBackend> {
  const keys = ['HF_ENDPOINT', 'HF_HUB_CACHE', 'HF_TOKEN']
  const before = keys.map((key) => process.env[key])
  Object.assign(process.env, { HF_ENDPOINT: endpoint, HF_HUB_CACHE: temp.path('hub'), HF_TOKEN: token })
  const place = temp.path('backend.sock')
  const script = backendScript
  const secret = () => ownSecret(temp.path('storage'))
  const options = { script, placeOf: () => place, isPlaceTaken: () => existsSync(place), ownSecret: secret }
  const launch = createLaunch({ ...options, log: () => {} })
  const launched = await launch({ path: process.execPath, origin: 'host' })
  const call = createCaller(launched.connection)
  launched.connection.listen()
  const choice = { device: 'cpu', adapter: '', threads: 1, deviceMemory: '', precision: 'auto' } as const
  const { pid } = await call('hello', { protocol: protocolVersion, cache: temp.path('cache'), ...choice })
  return {
    call,
    async stop() {
      keys.forEach((key, i) => {
        if (before[i] === undefined) delete process.env[key]
        else process.env[key] = before[i]
      })
      await launched.kill(pid)
    },
  }
}
