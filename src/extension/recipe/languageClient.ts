// The client of the recipe language server, a process that starts with the first recipe. It is a bundle of its own and does not slow
// down activation.
import * as vscode from 'vscode'
import { hubCacheFolder } from '../../engine/checkpoint/hubCache.ts'
import { weightsGlobs } from '../../catalog/formats/checkpointFormats.ts'
import { messageOf } from '../../errors.ts'
import { LanguageClient, TransportKind } from 'vscode-languageclient/node'

interface RecipeClientOptions {
  server: string
  channel: vscode.LogOutputChannel
  language: string
}

/** Starts the client. VS Code awaits the returned `stop` through `deactivate`. */
export function startRecipeClient(options: RecipeClientOptions): { stop: () => Promise<void> } {
  const run = { module: options.server, transport: TransportKind.ipc }
  const watcher = vscode.workspace.createFileSystemWatcher(
    `**/{${[...weightsGlobs, '*.json,*.jsonl,*.txt,*.parquet'].join()}}`,
  )
  // A recipe's model may be downloaded into the Hub's cache, which is outside the workspace.
  const cache = vscode.Uri.file(hubCacheFolder())
  const pulled = vscode.workspace.createFileSystemWatcher(
    new vscode.RelativePattern(cache, 'models--*/{refs/*,snapshots/*}'),
  )
  const client = new LanguageClient(
    'sparsescope',
    'SparseScope Recipes',
    { run, debug: run },
    {
      documentSelector: [{ language: options.language }],
      outputChannel: options.channel,
      synchronize: { fileEvents: [watcher, pulled], configurationSection: 'sparsescope' },
    },
  )
  // The client itself reports that the server does not start; the log records the reason.
  client.start().catch((error: unknown) => options.channel.error(`recipe language server: ${messageOf(error)}`))
  return {
    async stop() {
      watcher.dispose()
      pulled.dispose()
      if (client.needsStop()) await client.stop()
    },
  }
}
