// The `fetch` with which @huggingface/hub sends: it puts the token on for the Hub's own address and no other, follows no
// redirect, tries again what may be sent twice, reads no endless answer, and makes a sentence of each refusal.
import type { HubName } from '../checkpoint/hubCache.ts'
import { EngineError, throwIfCancelled } from '../errors.ts'
import type { HubAccess } from './hubAccess.ts'
import { unreachable } from './hubErrors.ts'
import { pause } from './pause.ts'
import { limitedText } from './repositoryFiles.ts'
import { stallAfter, type Stall } from './stall.ts'

export interface Sending {
  readonly access: HubAccess
  readonly signal?: AbortSignal
  /** Bytes of files that have left, each time that some do; less than none where they must leave again. */
  readonly onSent?: (bytes: number) => void
  /** Waits before something is sent again; for tests. */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>
  /** A connection that takes and gives nothing for so long counts as lost. */
  readonly stallMs?: number
}

const mostAttempts = 4
/** A commit of many files takes the Hub its time. */
const defaultStallMs = 120_000

type Init = NonNullable<Parameters<typeof fetch>[1]>

export function senderTo(name: HubName, sending: Sending): typeof fetch {
  const { signal, wait = pause, onSent } = sending
  return async (input, init = {}) => {
    const url = new URL(String(input instanceof Request ? input.url : input))
    // What came of a commit whose answer got lost is found out by looking, not by a second one.
    const attempts = url.pathname.includes('/commit/') ? 1 : mostAttempts
    for (let attempt = 1; ; attempt++) {
      let left = 0
      const count = (bytes: number) => {
        left += bytes
        onSent?.(bytes)
      }
      try {
        return await sendOnce(name, sending, url, init, count)
      } catch (error) {
        onSent?.(-left)
        throwIfCancelled(signal)
        // The library ends the other files where one has failed.
        if (init.signal?.aborted) throw error
        const again = error instanceof EngineError && error.code === 'network' && error.reason !== 'redirect'
        if (!again || attempt >= attempts) throw error
        await wait(1000 * 2 ** attempt, signal)
      }
    }
  }
}

async function sendOnce(
  name: HubName,
  { access, signal, stallMs = defaultStallMs }: Sending,
  url: URL,
  init: Init,
  count: (bytes: number) => void,
): Promise<Response> {
  const home = new URL(access.endpoint)
  if (url.protocol !== 'https:' && url.protocol !== home.protocol)
    throw new EngineError(
      'network',
      `${home.host} wants files sent to ${url.host} without encryption; check HF_ENDPOINT`,
    )
  const stall = stallAfter(stallMs, signal)
  const headers = new Headers(init.headers)
  headers.delete('authorization')
  if (url.origin === home.origin && access.token !== null) headers.set('authorization', `Bearer ${access.token}`)
  const { body } = init
  const isFile = init.method === 'PUT' && body instanceof Blob
  try {
    const response = await access.fetch(url, {
      method: init.method,
      headers,
      body: isFile ? new CountedBlob(body, stall, count) : body,
      redirect: 'manual',
      signal: init.signal ? AbortSignal.any([stall.signal, init.signal]) : stall.signal,
    })
    if (!response.ok) throw await refusal(response, url, name, access)
    const text = await limitedText(response, stall.signal)
    if (text === null) throw new EngineError('network', `${url.host} sends an answer without an end; check HF_ENDPOINT`)
    const known = ['etag', 'x-request-id'].flatMap((key) => {
      const value = response.headers.get(key)
      return value === null ? [] : [[key, value] as [string, string]]
    })
    return new Response(text === '' ? null : text, { status: text === '' ? 204 : 200, headers: known })
  } catch (error) {
    throw unreachable(error, url, signal, access)
  } finally {
    stall.end()
  }
}

/** A file or a part of one, read as it leaves. */
class CountedBlob extends Blob {
  // A field of its own: the types of Node say that a Blob's size is one.
  override readonly size: number
  readonly #blob: Blob
  readonly #stall: Stall
  readonly #count: (bytes: number) => void

  constructor(blob: Blob, stall: Stall, count: (bytes: number) => void) {
    super([])
    this.size = blob.size
    this.#blob = blob
    this.#stall = stall
    this.#count = count
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (chunk, controller) => {
        this.#stall.alive()
        this.#count(chunk.length)
        controller.enqueue(chunk)
      },
    })
    return this.#blob.stream().pipeThrough(counted)
  }
}

/** Error for an answer that is no success. Its body, which may be of any size, is not read. */
async function refusal(response: Response, url: URL, { repository }: HubName, access: HubAccess): Promise<EngineError> {
  await response.body?.cancel().catch(() => undefined)
  const { status } = response
  const { endpoint, tokenPlace } = access
  if (url.origin !== new URL(endpoint).origin)
    return new EngineError(
      'network',
      `${url.host} does not take a file of ${repository} (status ${status}); push again`,
    )
  if (status >= 300 && status < 400)
    return new EngineError(
      'network',
      `${endpoint} redirects ${repository}, as it does where a model has another name now; push to that name`,
      { reason: 'redirect' },
    )
  const tokens = `${endpoint}/settings/tokens`
  if (status === 401)
    return new EngineError('usage', `the Hub refuses the token in ${tokenPlace}; make one that may write at ${tokens}`)
  if (status === 403)
    return new EngineError(
      'usage',
      `the token in ${tokenPlace} may not write to ${repository}; make one that may at ${tokens}, or ask the model's owner`,
    )
  if (status === 404)
    return new EngineError('not-found', `there is no ${repository} on ${endpoint} any more; check the name`)
  if (status === 409 || status === 412)
    return new EngineError('exists', `${repository} was changed meanwhile; push again to see what would be replaced`)
  if (status === 413 || status === 422 || status === 400)
    return new EngineError(
      'usage',
      `the Hub refuses what is sent to ${repository} (status ${status}): ${endpoint}/docs/hub/repositories-recommendations says what it takes`,
    )
  if (status === 429)
    return new EngineError('network', `${endpoint} is asked too often; wait a few minutes and push again`)
  return new EngineError('network', `${endpoint} answers with status ${status} for ${repository}; push again later`)
}
