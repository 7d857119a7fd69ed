// The `fetch` of @huggingface/hub and of this folder. It sends the token only to the Hub's own origin, retries requests that are safe
// to repeat, and turns each refusal into an error message.
import { setTimeout as sleep } from 'node:timers/promises'
import type { HubName } from '../checkpoint/hubCache.ts'
import { EngineError, messageOf } from '../errors.ts'
import type { HubAccess } from './hubAccess.ts'

export interface HubSession {
  readonly access: HubAccess
  readonly signal?: AbortSignal
  /** Waits before a request is repeated. Tests replace it. */
  readonly wait?: (ms: number) => Promise<unknown>
}

type Init = NonNullable<Parameters<typeof fetch>[1]>

/** A fetch for the library. `name` is for messages. Returns a success or throws an EngineError. */
export function hubFetch(name: HubName, session: HubSession): typeof fetch {
  return (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    // Such a request is sent once: if only its answer were lost, a second commit or repository would be refused.
    const isOnce = init.method === 'POST' && /\/(commit|branch|create)(\/|$)/.test(url.pathname)
    return repeated(session, isOnce ? 1 : 6, () => ask(name, session, url, init))
  }
}

/** Repeats `work` when it fails because of the network. @throws the last error. */
export async function repeated<T>(session: HubSession, attempts: number, work: () => Promise<T>): Promise<T> {
  const { signal, wait = (ms) => sleep(ms, null, { signal }).catch(() => null) } = session
  for (let attempt = 1; ; attempt++)
    try {
      return await work()
    } catch (error) {
      const isBroken = error instanceof EngineError && error.code === 'network' && error.reason === undefined
      if (!isBroken || attempt >= attempts) throw error
      await wait(500 * 2 ** Math.min(attempt, 5))
    }
}

/** One request. Returns a successful response, whose body is not read yet. @throws EngineError. */
export async function ask(name: HubName, { access, signal }: HubSession, url: URL, init: Init): Promise<Response> {
  const { method = 'GET' } = init
  const headers = new Headers(init.headers)
  headers.delete('authorization')
  if (url.origin === new URL(access.endpoint).origin && access.token !== null)
    headers.set('authorization', `Bearer ${access.token}`)
  const ends = AbortSignal.any([signal, init.signal].filter((one) => one instanceof AbortSignal))
  // When fetch follows a redirect to another origin, it drops the token. Requests that send data are not redirected.
  const redirect = method === 'GET' ? 'follow' : 'manual'
  const response = await fetch(url, { ...init, headers, redirect, signal: ends }).catch((error: unknown) => {
    throw unreachable(error, url.host, ends)
  })
  if (response.ok) return response
  // The body of an error may have any size, so it is not read.
  response.body?.cancel().catch(() => undefined)
  throw refusal(response, name, access, method !== 'GET')
}

/** Error for a response that is not a success, by its status and headers alone. `writes`: the request sent data. */
function refusal(
  { status, headers, url }: Response,
  { repository, revision }: HubName,
  { endpoint, token, remedy }: HubAccess,
  writes: boolean,
): EngineError {
  const { host, origin } = new URL(url)
  const page = `${endpoint}/${repository}`
  const code = headers.get('x-error-code')
  const gated = `${repository} is gated or private, or does not exist; ask for access on ${page}`
  if (code === 'RevisionNotFound')
    return new EngineError('not-found', `${repository} has no revision ${revision}; see ${page}`)
  if (status === 404)
    return new EngineError('not-found', `there is no ${repository} (${revision}) on ${endpoint}; check the name`)
  if (status === 409 || status === 412)
    return new EngineError('exists', `${repository} was changed meanwhile; push again to see what would be replaced`)
  // The addresses of storage servers expire; at the next attempt the Hub gives a new one.
  if (status === 429 || status >= 500 || origin !== new URL(endpoint).origin)
    return new EngineError('network', `${host} answers with status ${status} for ${repository}; try again later`)
  if (status === 401 || status === 403) {
    const isKnown = token !== null && code !== 'GatedRepo' && code !== 'RepoNotFound'
    const why = writes || (isKnown && status === 401) ? `the Hub refuses the token for ${repository}` : gated
    return new EngineError('usage', `${why}; ${remedy}`)
  }
  return new EngineError('usage', `${host} refuses ${repository} with status ${status}; check its name on ${page}`)
}

/** Error for a request that got no response, or whose response broke off. */
export function unreachable(error: unknown, host: string, signal: AbortSignal | undefined): EngineError {
  if (error instanceof EngineError) return error
  if (signal?.aborted)
    return new EngineError('cancelled', 'cancelled; what has arrived is kept, and the next attempt continues from it')
  const why = messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error)
  const message = `${host} cannot be reached: ${why}; check the network, or set HF_ENDPOINT to a mirror`
  return new EngineError('network', message, { cause: error })
}
