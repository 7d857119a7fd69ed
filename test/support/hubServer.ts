// A server on this machine that speaks the Hub's API, and a second one that files in LFS are redirected to, as the Hub
// redirects to its CDN. It records every request; a test adds the faults.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const commit = '0123456789abcdef0123456789abcdef01234567'

export interface Asked {
  readonly host: 'hub' | 'cdn'
  readonly url: string
  readonly authorization: string | undefined
  readonly range: string | undefined
}

/** May answer instead of the server; true when it did. */
export type Interposed = (asked: Asked, response: ServerResponse) => boolean

export interface HubServer {
  readonly endpoint: string
  readonly asked: Asked[]
  /** By path. `lfs`: with a SHA-256, from the other host. */
  readonly files: Map<string, { bytes: Buffer; lfs: boolean }>
  /** The list of files as it is sent; tests may falsify it. */
  entries: () => unknown[]
  interpose: Interposed | null
  /** Entries of a page of the list. */
  pageSize: number
  close(): Promise<void>
}

export async function hubServer(model = 'org/tiny'): Promise<HubServer> {
  const files: HubServer['files'] = new Map()
  const asked: Asked[] = []
  const listener = (host: Asked['host']) => (request: IncomingMessage, response: ServerResponse) => {
    const { authorization, range } = request.headers
    const call: Asked = { host, url: request.url ?? '', authorization, range }
    asked.push(call)
    if (self.interpose?.(call, response)) return
    if (host === 'cdn') return sendFile(response, files.get(decodeURIComponent(call.url.slice(1)))?.bytes, range)
    answer(call, response)
  }
  const hub = createServer(listener('hub'))
  const cdn = createServer(listener('cdn'))
  const [endpoint, cdnAddress] = await Promise.all([listening(hub), listening(cdn)])
  const answer = ({ url, range }: Asked, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(url, endpoint)
    const json = (value: unknown, headers = {}) => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
    }
    if (pathname.startsWith(`/api/models/${model}/revision/`)) {
      const revision = decodeURIComponent(pathname.slice(`/api/models/${model}/revision/`.length))
      if (['main', 'v1', commit].includes(revision)) return json({ _id: '1', id: model, sha: commit, private: false })
      return void response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end()
    }
    if (pathname === `/api/models/${model}/tree/${commit}`) {
      const from = Number(searchParams.get('cursor') ?? 0)
      const all = self.entries()
      const next = `<${endpoint}${pathname}?cursor=${from + self.pageSize}>; rel="next"`
      return json(all.slice(from, from + self.pageSize), from + self.pageSize < all.length ? { link: next } : {})
    }
    const resolve = `/${model}/resolve/${commit}/`
    const path = pathname.startsWith(resolve) ? decodeURIComponent(pathname.slice(resolve.length)) : ''
    const file = files.get(path)
    if (file?.lfs) return void response.writeHead(302, { location: `${cdnAddress}/${encodeURIComponent(path)}` }).end()
    sendFile(response, file?.bytes, range)
  }
  const self: HubServer = {
    endpoint,
    asked,
    files,
    entries: () => [...files].map(([path, file]) => entryOf(path, file)),
    interpose: null,
    pageSize: 1000,
    close: async () => {
      for (const server of [hub, cdn]) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
  return self
}

/** An entry of the Hub's list of files. */
export function entryOf(path: string, { bytes, lfs }: { bytes: Buffer; lfs: boolean }): Record<string, unknown> {
  const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return {
    type: 'file',
    path,
    size: bytes.length,
    oid,
    ...(lfs && { lfs: { oid: sha256, size: bytes.length, pointerSize: 130 } }),
  }
}

export function sendFile(response: ServerResponse, bytes: Buffer | undefined, range: string | undefined): void {
  if (!bytes) return void response.writeHead(404).end()
  const [, first = 0, last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
  const from = Number(first)
  const part = bytes.subarray(from, last === '' ? undefined : Number(last) + 1)
  const headers = {
    'content-length': part.length,
    'content-range': `bytes ${from}-${from + part.length - 1}/${bytes.length}`,
  }
  response.writeHead(range ? 206 : 200, headers).end(part)
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
