// A server on this machine that keeps the Hub's rules of writing: repositories are made, files in LFS go to a second server and are
// checked by their hash there, a commit names files that have come. Everything that arrives is written down; tests put in what goes wrong.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { entryOf, sendFile } from './hubServer.ts'

export interface StoredFile {
  readonly bytes: Buffer
  readonly lfs: boolean
}

export interface Repository {
  private: boolean
  readonly branches: Map<string, { commit: string; files: Map<string, StoredFile> }>
}

export interface Arrived {
  readonly host: 'hub' | 'storage'
  readonly method: string
  readonly url: string
  readonly authorization: string | undefined
  readonly range: string | undefined
}

export interface WritableHub {
  readonly endpoint: string
  readonly arrived: Arrived[]
  readonly repositories: Map<string, Repository>
  /** Files in LFS by their SHA-256, whether or not a commit names them. */
  readonly stored: Map<string, Buffer>
  /** May answer instead of the server, before anything of the body is read; true when it did. */
  interpose: ((arrived: Arrived, response: ServerResponse, request: IncomingMessage) => boolean) | null
  /** Bytes of a part of a file in LFS; 0: they go whole. */
  partBytes: number
  close(): Promise<void>
}

/** May write to `me/…` and no other. */
export const writeToken = 'hf_write'
export const readToken = 'hf_read'

export async function writableHub(): Promise<WritableHub> {
  const parts = new Map<string, Buffer>()
  let commits = 0
  const nextCommit = () => (++commits).toString(16).padStart(40, '0')
  const listener = (host: Arrived['host']) => (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request
    const call: Arrived = { host, method, url, authorization: headers.authorization, range: headers.range }
    self.arrived.push(call)
    if (self.interpose?.(call, response, request)) return
    const answer = host === 'hub' ? answerHub : store
    buffer(request).then(
      (body) => answer(call, body, response),
      () => response.destroy(),
    )
  }
  const [hub, storage] = [createServer(listener('hub')), createServer(listener('storage'))]
  const [endpoint, storageAddress] = await Promise.all([listening(hub), listening(storage)])
  const refuse = (response: ServerResponse, status: number, headers = {}) =>
    void response.writeHead(status, headers).end()
  const say = (response: ServerResponse, value: unknown) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))

  function store({ url }: Arrived, body: Buffer, response: ServerResponse): void {
    const [, oid, part] = url.split('/')
    if (part !== undefined) {
      parts.set(url, body)
      return void response.writeHead(200, { etag: `"${sha256(body)}"` }).end()
    }
    if (sha256(body) !== oid) return refuse(response, 400)
    self.stored.set(oid, body)
    refuse(response, 200)
  }
  function answerHub({ method, url, authorization, range }: Arrived, body: Buffer, response: ServerResponse): void {
    const { pathname } = new URL(url, endpoint)
    const token = authorization?.slice('Bearer '.length)
    if (token !== writeToken && token !== readToken) return refuse(response, 401)
    const json = (): Record<string, never> => JSON.parse(body.toString()) as Record<string, never>
    if (method !== 'GET' && token === readToken) return refuse(response, 403)
    if (pathname === '/api/repos/create') {
      const { name, organization, visibility } = json()
      if (organization !== 'me') return refuse(response, 403)
      const id = `${String(organization)}/${String(name)}`
      if (self.repositories.has(id)) return refuse(response, 409)
      const files = new Map([['.gitattributes', { bytes: Buffer.from('*.safetensors filter=lfs\n'), lfs: false }]])
      const branches = new Map([['main', { commit: nextCommit(), files }]])
      self.repositories.set(id, { private: visibility === 'private', branches })
      return say(response, { url: `${endpoint}/${id}`, id })
    }
    if (pathname.startsWith('/complete/')) {
      const whole = json().parts as { partNumber: number; etag: string }[]
      const oid = pathname.slice('/complete/'.length)
      const bytes = Buffer.concat(whole.map(({ partNumber }) => parts.get(`/${oid}/${partNumber}`) ?? Buffer.alloc(0)))
      if (sha256(bytes) !== oid) return refuse(response, 400)
      self.stored.set(oid, bytes)
      return say(response, {})
    }
    const [, id = '', rest = ''] = /^(?:\/api\/models)?\/([^/]+\/[^/.]+)(?:\.git)?(?:\/(.*))?$/.exec(pathname) ?? []
    const repository = self.repositories.get(id)
    if (!repository) return refuse(response, 404, { 'x-error-code': 'RepoNotFound' })
    if (rest === '') return say(response, { id, private: repository.private })
    if (rest === 'info/lfs/objects/batch')
      return say(response, { objects: (json().objects as { oid: string; size: number }[]).map(batched) })
    const [what, name, ...path] = rest.split('/').map(decodeURIComponent)
    if (what === 'branch') {
      const main = repository.branches.get('main')
      repository.branches.set(name, { commit: main?.commit ?? '', files: new Map(main?.files) })
      return say(response, {})
    }
    const branch =
      repository.branches.get(name) ?? [...repository.branches.values()].find(({ commit }) => commit === name)
    if (!branch) return refuse(response, 404, { 'x-error-code': 'RevisionNotFound' })
    if (what === 'resolve') return sendFile(response, branch.files.get(path.join('/'))?.bytes, range)
    if (what === 'revision') return say(response, { _id: '1', id, sha: branch.commit, private: repository.private })
    if (what === 'tree')
      return say(
        response,
        [...branch.files].map(([path, file]) => entryOf(path, file)),
      )
    if (what === 'preupload') {
      const files = json().files as { path: string; size: number }[]
      return say(response, {
        files: files.map(({ path }) => ({ path, uploadMode: /\.(safetensors|mask)$/.test(path) ? 'lfs' : 'regular' })),
      })
    }
    if (what === 'commit') return takeCommit(branch, body, response)
    refuse(response, 404)
  }
  function batched({ oid, size }: { oid: string; size: number }) {
    if (self.stored.has(oid)) return { oid, size }
    if (self.partBytes === 0)
      return { oid, size, actions: { upload: { href: `${storageAddress}/${oid}`, header: {} } } }
    const count = Math.ceil(size / self.partBytes)
    const places = Array.from({ length: count }, (_, i) => [
      String(i + 1).padStart(5, '0'),
      `${storageAddress}/${oid}/${i + 1}`,
    ])
    const header = { chunk_size: String(self.partBytes), ...(Object.fromEntries(places) as Record<string, string>) }
    return { oid, size, actions: { upload: { href: `${endpoint}/complete/${oid}`, header } } }
  }
  function takeCommit(
    branch: { commit: string; files: Map<string, StoredFile> },
    body: Buffer,
    response: ServerResponse,
  ): void {
    type Line = { key: string; value: Record<string, string> }
    const [header, ...lines] = body
      .toString()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
    if (header.value.parentCommit !== branch.commit) return refuse(response, 412)
    for (const { key, value } of lines) {
      const bytes = key === 'lfsFile' ? self.stored.get(value.oid) : Buffer.from(value.content, 'base64')
      if (!bytes) return refuse(response, 400)
      branch.files.set(value.path, { bytes, lfs: key === 'lfsFile' })
    }
    branch.commit = nextCommit()
    say(response, { commitOid: branch.commit, commitUrl: `${endpoint}/commit/${branch.commit}`, hookOutput: '' })
  }
  const self: WritableHub = {
    endpoint,
    arrived: [],
    repositories: new Map(),
    stored: new Map(),
    interpose: null,
    partBytes: 0,
    close: async () => {
      for (const server of [hub, storage]) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
  return self
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
