// The `fetch` of @huggingface/hub and of this folder. It sends the token to the Hub's own origin and nowhere else, keeps redirects
// encrypted, ends connections that send nothing, repeats what may be repeated, and turns each refusal into an error message.
import { setTimeout as sleep } from 'node:timers/promises'
import type { HubName } from '../checkpoint/hubCache.ts'
import { EngineError } from '../errors.ts'
import type { HubAccess } from './hubAccess.ts'
import { refusal, unreachable } from './hubErrors.ts'

export interface HubSession {
  readonly access: HubAccess
  readonly signal?: AbortSignal
  /** Bytes of files that came or left; negative where they must leave again. */
  readonly onBytes?: (bytes: number) => void
  /** Waits before a request is repeated; for tests. */
  readonly wait?: (ms: number) => Promise<unknown>
  /** A connection without a byte for so long counts as lost. A commit of many files takes the Hub its time. */
  readonly stallMs?: number
}

const mostRedirects = 10
const mostBytes = 64 * 2 ** 20

type Init = NonNullable<Parameters<typeof fetch>[1]>
type Read<T> = (response: Response, chunks: AsyncIterable<Uint8Array>) => Promise<T>

/** A fetch for the library. `name` is for messages. Returns a success or throws an EngineError. */
export function hubFetch(name: HubName, session: HubSession): typeof fetch {
  return (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const isFile = init.method === 'PUT' && init.body instanceof Blob
    // The answer to a commit may get lost: whether its files are there is looked up, not tried again.
    const attempts = url.pathname.includes('/commit/') ? 1 : isFile ? 6 : 3
    return repeated(session, attempts, async () => {
      let left = 0
      const onBytes = (bytes: number) => {
        left += bytes
        session.onBytes?.(bytes)
      }
      try {
        const body = isFile ? new CountedBlob(init.body as Blob, onBytes) : init.body
        return await exchange(name, session, url, { ...init, body }, wholeAnswer)
      } catch (error) {
        session.onBytes?.(-left)
        // The library ends the other files when one has failed.
        if (init.signal?.aborted) throw new EngineError('cancelled', 'another file failed', { cause: error })
        throw error
      }
    })
  }
}

/** Does work again that the network has broken. @throws the last error. */
export async function repeated<T>(session: HubSession, attempts: number, work: () => Promise<T>): Promise<T> {
  const { signal, wait = (ms) => sleep(ms, null, { signal }).catch(() => null) } = session
  for (let attempt = 1; ; attempt++)
    try {
      return await work()
    } catch (error) {
      const again = error instanceof EngineError && error.code === 'network' && error.reason === undefined
      if (!again || attempt >= attempts) throw error
      await wait(500 * 2 ** Math.min(attempt, 5))
    }
}

/** One request, and what `read` makes of its answer. @throws EngineError. */
export async function exchange<T>(
  name: HubName,
  { access, signal, stallMs = 120_000 }: HubSession,
  url: URL,
  init: Init,
  read: Read<T>,
): Promise<T> {
  const stalled = new AbortController()
  const why = new Error(`it does not answer within ${Math.ceil(stallMs / 1000)} s`)
  const timer = setTimeout(() => stalled.abort(why), stallMs)
  const ends = AbortSignal.any([stalled.signal, signal, init.signal].filter((one) => one instanceof AbortSignal))
  if (init.body instanceof CountedBlob) init.body.alive = () => timer.refresh()
  try {
    const response = await follow(name, access, url, { ...init, signal: ends })
    return await read(response, chunksOf(response, ends, timer))
  } catch (error) {
    throw unreachable(error, url.host, signal)
  } finally {
    clearTimeout(timer)
  }
}

async function follow(name: HubName, access: HubAccess, start: URL, init: Init): Promise<Response> {
  const home = new URL(access.endpoint)
  const { method = 'GET', body, signal } = init
  let url = start
  for (let hop = 0; hop <= mostRedirects; hop++) {
    if (url.protocol !== 'https:' && url.protocol !== home.protocol) throw unencrypted(home, url.href)
    const headers = new Headers(init.headers)
    headers.delete('authorization')
    if (url.origin === home.origin && access.token !== null) headers.set('authorization', `Bearer ${access.token}`)
    const response = await fetch(url, { method, body, signal, headers, redirect: 'manual' })
    if (response.ok) return response
    // An error's page may be of any size, and is not read.
    response.body?.cancel().catch(() => undefined)
    const next = response.status < 400 ? response.headers.get('location') : null
    if (method !== 'GET' || next === null) throw refusal(response, url, name, access, method !== 'GET')
    if (!URL.canParse(next, url.href)) throw unencrypted(home, next)
    url = new URL(next, url)
  }
  const why = `${start.host} redirects more than ${mostRedirects} times; check HF_ENDPOINT, or try again later`
  throw new EngineError('network', why, { reason: 'redirect' })
}

function unencrypted(home: URL, address: string): EngineError {
  const why = `${home.host} leads to ${JSON.stringify(address.slice(0, 200))}, which is not an encrypted address`
  return new EngineError('network', `${why}; check HF_ENDPOINT`, { reason: 'redirect' })
}

async function wholeAnswer({ headers, url }: Response, chunks: AsyncIterable<Uint8Array>): Promise<Response> {
  const kept: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > mostBytes)
      throw new EngineError('network', `${new URL(url).host} sends more than ${mostBytes} bytes; check HF_ENDPOINT`, {
        reason: 'wrong-bytes',
      })
    kept.push(chunk)
  }
  const known = ['etag', 'link', 'x-request-id'].map((key): [string, string] => [key, headers.get(key) ?? ''])
  return new Response(Buffer.concat(kept), { headers: known })
}

/** A body as it comes. */
async function* chunksOf({ body }: Response, signal: AbortSignal, timer: NodeJS.Timeout): AsyncGenerator<Uint8Array> {
  if (!body) return
  const reader = body.getReader()
  // In Node 20 a stream that is aborted while its answer arrives may neither end nor fail, unless it is cancelled.
  const cancel = () => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', cancel)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      signal.throwIfAborted()
      if (done) return
      timer.refresh()
      yield value
    }
  } finally {
    signal.removeEventListener('abort', cancel)
    cancel()
  }
}

/** A file or a part of one, counted as it leaves. */
class CountedBlob extends Blob {
  // A field of its own: the types of Node say that a Blob's size is one.
  override readonly size: number
  readonly #blob: Blob
  readonly #onBytes: (bytes: number) => void
  alive: () => void = () => undefined

  constructor(blob: Blob, onBytes: (bytes: number) => void) {
    super([])
    this.size = blob.size
    this.#blob = blob
    this.#onBytes = onBytes
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const transform = (chunk: Uint8Array<ArrayBuffer>, controller: TransformStreamDefaultController) => {
      this.alive()
      this.#onBytes(chunk.length)
      controller.enqueue(chunk)
    }
    return this.#blob.stream().pipeThrough(new TransformStream({ transform }))
  }
}
