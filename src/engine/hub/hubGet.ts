// Requests to the Hub and the redirects that are followed. Every request goes through here, so that the token is put on in one place only,
// for the Hub's own address and no other.
import type { HubName } from '../checkpoint/hubCache.ts'
import { EngineError } from '../errors.ts'
import { urlOf, type HubAccess } from './hubAccess.ts'
import { refusal, unreachable } from './hubErrors.ts'

const mostRedirects = 10

/**
 * A GET that follows redirects itself: the token goes to the endpoint's own origin, never along to another host.
 * @throws EngineError 'network' or, for a refusal, one that says what to do. Whatever is returned is a 2xx.
 */
export async function hubGet(
  access: HubAccess,
  address: string,
  name: HubName,
  { headers = {}, signal }: { headers?: Record<string, string>; signal?: AbortSignal },
): Promise<Response> {
  const home = new URL(access.endpoint).origin
  let url = new URL(address)
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const withToken = access.token !== null && url.origin === home
    const response = await access
      .fetch(url, {
        redirect: 'manual',
        signal,
        headers: withToken ? { ...headers, authorization: `Bearer ${access.token}` } : headers,
      })
      .catch((error: unknown) => {
        throw unreachable(error, url, signal, access)
      })
    const next = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || next === null) {
      if (response.ok) return response
      throw await refusal(response, name, access)
    }
    await response.body?.cancel()
    url = followed(url, next)
  }
  throw new EngineError(
    'network',
    `${new URL(address).host} redirects more than ${mostRedirects} times; check HF_ENDPOINT, or try again later`,
    { reason: 'redirect' },
  )
}

/**
 * A body as it comes. Where `signal` ends it the stream itself cannot be waited for: in Node 20 one that is aborted while
 * its answer arrives may neither end nor fail.
 */
export async function* chunksOf({ body }: Response, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (!body) return
  const reader = body.getReader()
  let abort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal?.reason as Error)
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort)
  })
  // Nobody may be waiting when it comes.
  aborted.catch(() => undefined)
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), aborted])
      if (done) return
      yield value
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    reader.cancel().catch(() => undefined)
  }
}

function followed(from: URL, location: string): URL {
  const to = urlOf(location, from)
  const plain = to?.protocol === 'http:' && from.protocol !== 'http:'
  if (to && /^https?:$/.test(to.protocol) && !plain) return to
  throw new EngineError(
    'network',
    `${from.host} redirects to ${JSON.stringify(location.slice(0, 200))}, which is no encrypted address; check HF_ENDPOINT`,
    { reason: 'redirect' },
  )
}
