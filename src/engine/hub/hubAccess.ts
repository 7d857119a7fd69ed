// How the Hub is spoken to: where it is, with which token, and which answers are followed. Every request goes through
// here, so that the token is put on in one place only, for the Hub's own address and no other.
import { homedir } from 'node:os'
import { tokenFile, type HubName } from '../checkpoint/hubCache.ts'
import { readSmallFile } from '../checkpoint/smallFile.ts'
import { EngineError } from '../errors.ts'
import { refusal, unreachable } from './hubErrors.ts'

export interface HubAccess {
  /** Such as https://huggingface.co, without a slash at the end. */
  readonly endpoint: string
  readonly token: string | null
  /** Where the token came from, for sentences about it; what there could be one in when there is none. */
  readonly tokenPlace: string
  /** The environment names a proxy that this Node does not use. */
  readonly proxyIgnored: boolean
  /** For tests: as `fetch`. */
  readonly fetch: typeof fetch
}

const publicHub = 'https://huggingface.co'
const mostRedirects = 10

/**
 * From HF_ENDPOINT, and HF_TOKEN or else what `hf auth login` has left, as huggingface_hub finds them.
 * @throws EngineError 'usage' when they cannot be meant.
 */
export async function hubAccess(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): Promise<HubAccess> {
  if (isOn(env.HF_HUB_OFFLINE))
    throw new EngineError('usage', 'HF_HUB_OFFLINE is set, so nothing is fetched; unset it to pull')
  const endpoint = (env.HF_ENDPOINT || publicHub).replace(/\/+$/, '')
  if (!/^https?:$/.test(urlOf(endpoint)?.protocol ?? ''))
    throw new EngineError('usage', `HF_ENDPOINT is ${JSON.stringify(endpoint)}; give an address such as ${publicHub}`)
  const token = env.HF_TOKEN?.trim() || null
  const stored = token !== null || isOn(env.HF_HUB_DISABLE_IMPLICIT_TOKEN) ? null : await storedToken(env, home)
  const place = stored === null ? 'HF_TOKEN' : tokenFile(env, home)
  if (!/^[\x21-\x7e]*$/.test(token ?? stored ?? ''))
    throw new EngineError('usage', `${place} holds characters that no token has; copy it again`)
  return {
    endpoint,
    token: token ?? stored,
    tokenPlace: place,
    proxyIgnored: [env.HTTPS_PROXY, env.https_proxy, env.ALL_PROXY, env.all_proxy].some(Boolean) && !usesProxy(env),
    fetch,
  }
}

function isOn(setting: string | undefined): boolean {
  return /^(1|true|yes|on)$/i.test(setting ?? '')
}

/** What cannot be read is no token: public models need none. */
async function storedToken(env: NodeJS.ProcessEnv, home: string): Promise<string | null> {
  const text = await readSmallFile(tokenFile(env, home), 4096).catch(() => '')
  return text.trim() || null
}

/** Node's own fetch goes through proxies from version 24 on, when asked to. */
function usesProxy(env: NodeJS.ProcessEnv): boolean {
  return Number(process.versions.node.split('.')[0]) >= 24 && env.NODE_USE_ENV_PROXY === '1'
}

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
    `${new URL(address).host} redirects more than ${mostRedirects} times; try again later`,
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
  )
}

function urlOf(text: string, base?: URL): URL | null {
  return URL.canParse(text, base?.href) ? new URL(text, base) : null
}
