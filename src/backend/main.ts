// The backend process: started by a window, found again after a reload, and ended when it has neither a window nor a run.
import { readFileSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { createMessageConnection, SocketMessageWriter, StreamMessageReader } from 'vscode-jsonrpc/node'
import { proveAsServer } from '../system/handshake.ts'
import { boundedMessages, listen, watchLife } from './connections.ts'
import { serve } from './channel.ts'
import { createHandlers } from './handlers.ts'

process.on('SIGTERM', () => process.exit(0))
// Ctrl-C in the terminal that started VS Code is meant for VS Code, and so is the end of that terminal.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
// The reader of this process's output may have gone; its runs continue.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const [path, secretFile] = process.argv.slice(2)
if (path === undefined || secretFile === undefined) {
  process.stderr.write('This is a part of the SparseScope extension. The command line is dist/cli.mjs.\n')
  process.exit(2)
}
const secret = readFileSync(secretFile)
const { handlers, isBusy } = createHandlers()
let server: Server | null = null
const leave = () => {
  server?.close()
  process.exit(0)
}
const life = watchLife({ isBusy, leave })
/** A client that has not proved the secret gets no answer and does not keep the process alive. */
const answer = async (socket: Socket) => {
  socket.on('error', () => {})
  if (!(await proveAsServer(socket, { secret, place: path })) || socket.destroyed) return void socket.destroy()
  socket.once('close', life.join())
  // A client that exceeds the limit on messages is disconnected.
  const messages = pipeline(socket, boundedMessages(), (error) => {
    if (error) socket.destroy()
  })
  serve(createMessageConnection(new StreamMessageReader(messages), new SocketMessageWriter(socket)), handlers)
}
server = await listen(path, (socket) => void answer(socket))
// Another process listens already: windows find that one.
if (!server) leave()
