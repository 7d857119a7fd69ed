// Things that stand where a file is meant, and the command line run on them, several processes at a time.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { entry } from './cli.ts'

/** By name, the path of each; `ending` is what readers choose their format by. */
export async function hostilePaths(folder: string, ending: string): Promise<Record<string, string>> {
  const at = (name: string) => join(folder, `${name}${ending}`)
  if (spawnSync('mkfifo', [at('pipe')]).status !== 0) throw new Error('mkfifo failed')
  symlinkSync(at('loop'), at('loop'))
  symlinkSync('/dev/zero', at('zero'))
  mkdirSync(at('folder'))
  await listen(at('socket'))
  const names = ['pipe', 'loop', 'zero', 'folder', 'socket'].map((name) => [name, at(name)])
  return Object.fromEntries(names) as Record<string, string>
}

const servers: Server[] = []

function listen(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    servers.push(server)
    server.listen(path, resolve)
  })
}

export function closeSockets(): void {
  for (const server of servers.splice(0)) server.close()
}

export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
  stderr: string
}

/** Killed after `limitMs`, which shows as a signal. */
export function cliEnds(args: readonly string[], limitMs: number): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part))
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, stderr }))
  })
}

/** All of them, `width` at a time, each with its answer. */
export async function inParallel<T, R>(
  width: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const answers: R[] = []
  let next = 0
  const lane = async () => {
    while (next < items.length) {
      const i = next++
      answers[i] = await work(items[i])
    }
  }
  await Promise.all(Array.from({ length: width }, lane))
  return answers
}
