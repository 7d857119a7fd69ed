// The backend process: started by the extension, spoken to over the IPC channel, gone when the channel closes.
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node'
import { serve } from './channel.ts'
import { createHandlers } from './handlers.ts'

// The window closed or its extension host died: leave at once, and the worker threads with it. What a run has
// written stays resumable.
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))
// Ctrl-C in the terminal that started VS Code is meant for VS Code.
process.on('SIGINT', () => {})

if (!process.send) {
  process.stderr.write('This is a part of the SparseScope extension. The command line is dist/cli.mjs.\n')
  process.exit(2)
}
serve(createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process)), createHandlers())
