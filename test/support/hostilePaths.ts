// Things in the place of an expected file.
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'

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
