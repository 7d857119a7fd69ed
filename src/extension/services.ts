// Everything the extension is made of, built once and in order.
import * as vscode from 'vscode'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Caller } from './backend/calls.ts'
import { createLaunch } from './backend/launch.ts'
import { runtimeChain } from './backend/runtime.ts'
import { Supervisor } from './backend/supervisor.ts'
import { createLog, type Log } from './support/log.ts'
import { setting } from './support/settings.ts'
import { protocolVersion } from '../shared/protocol/rpc.ts'

export interface Services {
  context: vscode.ExtensionContext
  extensionUri: vscode.Uri
  version: string
  log: Log
  supervisor: Supervisor
  call: Caller
}

export function createServices(context: vscode.ExtensionContext): Services {
  const log = createLog()
  const dist = vscode.Uri.joinPath(context.extensionUri, 'dist').fsPath
  const supervisor = new Supervisor({
    runtimes: () =>
      runtimeChain({
        setting: vscode.workspace.isTrusted ? setting('backend.nodePath') : '',
        execPath: process.execPath,
        electron: process.versions.electron !== undefined,
        bundled: firstExisting([join(dist, 'node', 'bin', 'node'), join(dist, 'node', 'node.exe')]),
        onPath: nodeOnPath(),
      }),
    // Native libraries print their remarks on stderr: a debug matter, never a notification.
    launch: createLaunch(join(dist, 'backend.mjs'), (line) => log.channel.debug(`backend: ${line}`)),
    hello: (runtime) => ({
      protocol: protocolVersion,
      cache: vscode.Uri.joinPath(context.globalStorageUri, 'statistics').fsPath,
      device: runtime.origin === 'electron' ? 'cpu' : setting('backend.device'),
      adapter: setting('backend.adapter'),
      threads: setting('backend.threads'),
    }),
    log: (line) => log.channel.info(line),
  })
  context.subscriptions.push(log.channel, supervisor)
  return {
    context,
    extensionUri: context.extensionUri,
    version: String((context.extension.packageJSON as { version: unknown }).version),
    log,
    supervisor,
    call: (name, params, options) => supervisor.call(name, params, options),
  }
}

function nodeOnPath(): string | null {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  return firstExisting(folders.map((folder) => join(folder, name)))
}

function firstExisting(paths: string[]): string | null {
  return paths.find((path) => existsSync(path)) ?? null
}
