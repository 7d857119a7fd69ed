// Things that stand where a file is meant, and the command line run on them.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { childArguments } from './children.ts'
import type { CliResult } from './cli.ts'

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

/** Ends of the commands, in a process of their own; those that are not over after `limitMs` are missing. */
export async function endsOf(commands: readonly (readonly string[])[], limitMs: number): Promise<CliResult[]> {
  const child = spawn(process.execPath, [...childArguments('commandsChild'), JSON.stringify(commands)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  })
  const lines = (await text(child.stdout)).trim().split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line) as CliResult)
}
