// The address at which windows find this process: a Unix socket that only its user may open, or a named pipe on Windows.
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * Resolves when windows can connect; to null when another process serves this path already. What a killed process has
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
