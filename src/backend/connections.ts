// Connections of windows: the address of this process, a limit on the length of a message, and how long the process lives without a
// window.
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Transform, type TransformCallback } from 'node:stream'

/**
 * Listens at a Unix socket that only its user may open, or a named pipe on Windows. Resolves when windows can connect; to null when another process serves this path already. What a killed process has
 * left behind is replaced; anything else in the way is an error.
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
    // Private from the moment it is there.
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

/** The longest that a window sends is a recipe's text, which is at most 16 MiB. */
const mostBytes = 64 * 2 ** 20
const mostHeaderBytes = 4096
const headerEnd = '\r\n\r\n'

/**
 * Passes on what arrives; fails at the header of a message that is longer than any of ours. A message is held until it is whole, so its
 * length is checked before: a header `Content-Length: N`, an empty line, N bytes.
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
  /** Milliseconds in which a window that reloads is back. */
  readonly graceMs?: number
  /** Milliseconds in which the window that started the process has connected. */
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
    /** Call it when a window connects, and its result when the window has disconnected. */
    join(): () => void {
      clients++
      // The shorter patience counts from here on.
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
