// Connections of windows: listening at this process's address, a limit on the length of messages, and how long the process lives
// without a window.
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Transform, type TransformCallback } from 'node:stream'

/**
 * Listens at a Unix socket that only its user may open, or at a named pipe on Windows. Resolves when windows can connect, with null
 * if another process already listens there. Replaces the socket of a killed process. @throws Error for anything else at `path`.
 */
export async function listen(path: string, onClient: (socket: Socket) => void): Promise<Server | null> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await tryListen(path, onClient)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt > 2) throw error
      if (await answers(path)) return null
      if (process.platform !== 'win32' && lstatSync(path).isSocket()) rmSync(path)
    }
  }
}

function tryListen(path: string, onClient: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(onClient)
    server.once('error', reject)
    // The umask makes the socket private from its creation on.
    const before = process.umask(0o177)
    server.listen(path, () => {
      if (process.platform !== 'win32') chmodSync(path, 0o600)
      resolve(server)
    })
    process.umask(before)
  })
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Limit on a message. The longest that a window sends contains a recipe's text, which is at most 16 MiB. */
const mostBytes = 64 * 2 ** 20
const mostHeaderBytes = 4096
const headerEnd = '\r\n\r\n'

/**
 * Passes data through; fails at the header of a message that is too long. The reader behind it buffers a message until it is complete,
 * so the length has to be checked first. A message is a header `Content-Length: N`, an empty line and N bytes.
 */
export function boundedMessages(): Transform {
  let header = ''
  let bodyLeft = 0
  const check = (chunk: Buffer) => {
    for (let at = 0; at < chunk.length;) {
      const body = Math.min(bodyLeft, chunk.length - at)
      bodyLeft -= body
      at += body
      if (at === chunk.length) return
      const had = header.length
      header += chunk.toString('latin1', at, at + mostHeaderBytes)
      const end = header.indexOf(headerEnd)
      if (end < 0 && header.length < mostHeaderBytes) return
      const length = /^content-length:\s*(\d+)\s*$/im.exec(end < 0 ? '' : header.slice(0, end))?.[1]
      if (length === undefined) throw new Error('no header of a message')
      if (Number(length) > mostBytes) throw new Error(`a message of ${length} bytes; ours have at most ${mostBytes}`)
      at += end + headerEnd.length - had
      bodyLeft = Number(length)
      header = ''
    }
  }
  return new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      try {
        check(chunk)
        done(null, chunk)
      } catch (error) {
        done(error as Error)
      }
    },
  })
}

interface LifeOptions {
  readonly isBusy: () => boolean
  readonly leave: () => void
  /** How long a reloading window may take to come back, in ms. */
  readonly graceMs?: number
  /** How long the window that started the process may take to connect, in ms. */
  readonly startMs?: number
}

const lookEveryMs = 250

/** Calls `leave` when no window is connected and no run is in progress. */
export function watchLife({ isBusy, leave, graceMs = 3000, startMs = 20_000 }: LifeOptions) {
  let clients = 0
  let deadline = performance.now() + startMs
  const timer = setInterval(
    () => {
      const now = performance.now()
      if (clients > 0 || isBusy()) deadline = Math.max(deadline, now + graceMs)
      else if (now >= deadline) leave()
    },
    Math.min(lookEveryMs, graceMs),
  )
  return {
    /** To be called when a window connects; the returned function, when that window has disconnected. */
    join(): () => void {
      clients++
      // Once a window has connected, `graceMs` applies in place of `startMs`.
      deadline = 0
      let isHere = true
      return () => {
        if (isHere) clients--
        isHere = false
        deadline = Math.max(deadline, performance.now() + graceMs)
      }
    },
    stop: () => clearInterval(timer),
  }
}
