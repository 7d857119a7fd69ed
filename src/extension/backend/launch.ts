// Connects to a running backend, for example after a reload of the window, or starts one. The backend is a separate process: it and
// its runs outlive the window.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MessageConnection } from 'vscode-jsonrpc/node'
import { createMessageConnection, SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node'
import { proveAsClient } from '../../system/handshake.ts'
import type { Runtime } from './runtime.ts'

export interface Launched {
  connection: MessageConnection
  /** The process was already running, and may have been about to exit. */
  found: boolean
  /** Resolves with the reason when the process or the connection has ended. */
  exited: Promise<string>
  /** Closes the connection. The process completes its runs and then exits. */
  leave(): void
  /** Ends the process and its runs; resolves when it has ended. `pid` is from its hello. */
  kill(pid?: number): Promise<void>
}

export type Launch = (runtime: Runtime) => Promise<Launched>

interface LaunchOptions {
  readonly script: string
  /** Address at which the backend of this runtime listens. @throws Error when there is no safe place. */
  readonly placeOf: (runtime: Runtime) => string
  /** @throws Error when the path is taken by anything but a private socket of this user. */
  readonly isPlaceTaken: (path: string) => boolean
  /** The secret that both ends must first prove to know, and the file that contains it. */
  readonly ownSecret: () => { readonly file: string; readonly secret: Uint8Array }
  readonly log: (line: string) => void
}

const graceMs = 2000
const startMs = 20_000
const askEveryMs = 25

export function createLaunch(options: LaunchOptions): Launch {
  return async (runtime) => {
    const path = options.placeOf(runtime)
    const socket = await connectTo(path, options)
    if (socket) return launched(socket, null)
    const deadline = performance.now() + startMs
    for (;;) {
      const child = start(options, path, runtime)
      try {
        const socket = await comeUp(path, child, deadline, options)
        if (socket) return launched(socket, child)
      } catch (error) {
        child.kill('SIGKILL')
        throw error
      }
    }
  }
}

/** null when no process listens there. @throws Error when that process does not know the secret. */
export async function connectTo(
  path: string,
  { isPlaceTaken, ownSecret }: Pick<LaunchOptions, 'isPlaceTaken' | 'ownSecret'>,
): Promise<Socket | null> {
  if (!isPlaceTaken(path)) return null
  const socket = connect(path)
  try {
    await once(socket, 'connect')
  } catch {
    // The socket was left behind by a killed process; the next backend replaces it.
    socket.destroy()
    return null
  }
  socket.on('error', () => {})
  const proof = await proveAsClient(socket, { secret: ownSecret().secret, place: path })
  if (proof === 'proved') return socket
  socket.destroy()
  // A process that is ending closes its connections.
  if (proof === 'gone') return null
  throw new Error(`the program at ${path} is not a backend that you started: find out who started it, and end it`)
}

function start({ script, log, ownSecret }: LaunchOptions, path: string, runtime: Runtime): ChildProcess {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    ELECTRON_RUN_AS_NODE: runtime.origin === 'electron' ? '1' : undefined,
  }
  // Inspector and loader options of the extension host do not apply to the backend.
  delete env.NODE_OPTIONS
  const child = spawn(runtime.path, [script, path, ownSecret().file], {
    detached: true,
    windowsHide: true,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) forwardLines(stream as Socket, log)
  child.unref()
  return child
}

/**
 * Connects to the started process once it listens. Null when it exited because another backend, itself about to exit, held the
 * path. @throws Error when it ends for another reason, or does not listen in time.
 */
async function comeUp(
  path: string,
  child: ChildProcess,
  deadline: number,
  options: LaunchOptions,
): Promise<Socket | null> {
  let failed: Error | null = null
  child.once('error', (error) => (failed = error))
  for (;;) {
    const hasLeft = child.exitCode === 0
    const socket = await connectTo(path, options)
    if (socket) return socket
    if (failed) throw failed
    if (child.signalCode !== null || (child.exitCode ?? 0) !== 0)
      throw new Error(endOf(child.exitCode, child.signalCode))
    if (performance.now() > deadline) throw new Error('it does not listen')
    if (hasLeft) return null
    await sleep(askEveryMs)
  }
}

function launched(socket: Socket, child: ChildProcess | null): Launched {
  socket.unref()
  const connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket))
  const exited = new Promise<string>((resolve) => {
    // Exit code 0 with an open connection: another process held the path, and the connection is to that process.
    child?.once('exit', (code, signal) => {
      if (code !== 0 || socket.destroyed) resolve(endOf(code, signal))
    })
    // If the process is ending, its exit event follows and gives a better reason.
    socket.once('close', () => setTimeout(() => resolve('the connection closed'), 100).unref())
    socket.on('error', () => {})
  })
  const leave = () => void socket.destroy()
  return {
    connection,
    found: child === null,
    exited,
    leave,
    async kill(pid) {
      const isThere = !socket.destroyed
      leave()
      const target = (isThere ? pid : undefined) ?? (child && isRunning(child) ? child.pid : undefined)
      if (target !== undefined) await end(target)
    },
  }
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

/** Ends a process and its worker threads. A process that hangs is killed. */
async function end(pid: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const deadline = performance.now() + graceMs
    if (!reach(pid, signal)) return
    while (performance.now() < deadline) {
      await sleep(askEveryMs)
      if (!reach(pid, 0)) return
    }
  }
}

function reach(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

function endOf(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ? `ended by ${signal}` : `exit code ${code}`
}

function forwardLines(stream: Socket, log: (line: string) => void): void {
  stream.unref()
  stream.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) if (line.trim() !== '') log(line)
  })
}
