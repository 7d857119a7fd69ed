// The backend process: started by a window, found by it again after a reload, gone when it has neither a window nor a
// run.
import type { Server } from 'node:net'
import { pipeline } from 'node:stream'
import { createMessageConnection, SocketMessageWriter, StreamMessageReader } from 'vscode-jsonrpc/node'
import { boundedMessages } from './boundedMessages.ts'
import { serve } from './channel.ts'
import { createHandlers } from './handlers.ts'
import { watchLife } from './life.ts'
import { listen } from './listen.ts'

process.on('SIGTERM', () => process.exit(0))
// Ctrl-C in the terminal that started VS Code is meant for VS Code, and so is the end of that terminal.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
// The reader of this process's output may have gone; its runs go on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const [path] = process.argv.slice(2)
if (path === undefined) {
  process.stderr.write('This is a part of the SparseScope extension. The command line is dist/cli.mjs.\n')
  process.exit(2)
}
const { handlers, isBusy } = createHandlers()
let server: Server | null = null
const leave = () => {
  server?.close()
  process.exit(0)
}
const life = watchLife({ isBusy, leave })
server = await listen(path, (socket) => {
  socket.once('close', life.join())
  socket.on('error', () => {})
  // Whatever breaks the limit loses its connection.
  const messages = pipeline(socket, boundedMessages(), (error) => {
    if (error) socket.destroy()
  })
  serve(createMessageConnection(new StreamMessageReader(messages), new SocketMessageWriter(socket)), handlers)
})
// Another process was quicker: windows find that one.
if (!server) leave()
