// The services of the extension, built once and in order.
import * as vscode from 'vscode'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Caller } from './backend/calls.ts'
import { connectTo, createLaunch } from './backend/launch.ts'
import { isPlaceTaken, socketPath, ownSecret, type Surroundings } from './backend/socketPlace.ts'
import { runtimeChain, type Runtime } from './backend/runtime.ts'
import { Supervisor } from './backend/supervisor.ts'
import { FactsThread, factsHeap } from './support/factsThread.ts'
import { createLog, type Log } from './support/log.ts'
import { setting } from './support/settings.ts'
import { protocolVersion } from '../protocol/rpc.ts'
import type { PlannedText } from '../plan/planSummary.ts'

/** The maximum in package.json, which VS Code does not enforce. */
const maxThreads = 1024

export interface Services {
  context: vscode.ExtensionContext
  extensionUri: vscode.Uri
  version: string
  log: Log
  supervisor: Supervisor
  call: Caller
  facts: FactsThread
  /** Whether a backend of this workspace has outlived the previous window. Does not start one. */
  isBackendRunning: () => Promise<boolean>
}

export function createServices(context: vscode.ExtensionContext): Services {
  const log = createLog()
  const dist = vscode.Uri.joinPath(context.extensionUri, 'dist').fsPath
  const version = String((context.extension.packageJSON as { version: unknown }).version)
  const script = join(dist, 'backend.mjs')
  const workspace = context.storageUri?.fsPath ?? ''
  const around: Surroundings = {
    platform: process.platform,
    uid: process.getuid?.() ?? null,
    runtimeFolder: process.env.XDG_RUNTIME_DIR ?? '',
    temporaryFolder: tmpdir(),
    storage: context.globalStorageUri.fsPath,
  }
  let known: ReturnType<typeof ownSecret> | null = null
  const secretOnce = () => (known ??= ownSecret(around.storage))
  // Another version, workspace, Node or secret gives another path: a backend at the old path can complete its runs.
  const placeOf = ({ path }: Runtime) =>
    socketPath([version, String(protocolVersion), script, workspace, path, secretOnce().secret.toString('hex')], around)
  const place = { placeOf, isPlaceTaken: (path: string) => isPlaceTaken(path, around), ownSecret: secretOnce }
  const isThere = async (runtime: Runtime) => {
    try {
      const socket = await connectTo(placeOf(runtime), place)
      socket?.destroy()
      return socket !== null
    } catch {
      return false
    }
  }
  const runtimes = () =>
    runtimeChain({
      setting: vscode.workspace.isTrusted ? setting('backend.nodePath') : '',
      execPath: process.execPath,
      electron: process.versions.electron !== undefined,
      bundled: firstExisting([join(dist, 'node', 'bin', 'node'), join(dist, 'node', 'node.exe')]),
      onPath: nodeOnPath(),
    })
  const supervisor = new Supervisor({
    runtimes,
    // Native libraries print messages to stderr, so output is logged at the debug level and never shown as a notification.
    launch: createLaunch({ ...place, script, log: (line) => log.channel.debug(`backend: ${line}`) }),
    hello: (runtime) => ({
      protocol: protocolVersion,
      cache: vscode.Uri.joinPath(context.globalStorageUri, 'statistics').fsPath,
      device: runtime.origin === 'electron' ? 'cpu' : setting('backend.device'),
      adapter: setting('backend.adapter'),
      threads: Math.min(maxThreads, Math.max(0, Math.floor(setting('backend.threads')))),
      deviceMemory: setting('backend.deviceMemory').trim(),
      precision: setting('backend.precision'),
    }),
    log: (line) => log.channel.info(line),
  })
  // Options of the host, such as an inspector port, do not apply to the thread.
  const thread = { resourceLimits: factsHeap, execArgv: [] }
  const facts = new FactsThread(() => new Worker(join(dist, 'factsWorker.mjs'), thread))
  context.subscriptions.push(log.channel, supervisor, facts)
  return {
    context,
    extensionUri: context.extensionUri,
    version,
    log,
    supervisor,
    facts,
    call: (name, params, options) => supervisor.call(name, params, options),
    async isBackendRunning() {
      for (const runtime of runtimes()) if (await isThere(runtime)) return true
      return false
    },
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

/** The plan of a recipe as it is in the editor, saved or not. */
export async function planOf({ call }: Services, recipe: vscode.Uri): Promise<PlannedText> {
  const document = await vscode.workspace.openTextDocument(recipe)
  return call('plan', { recipe: recipe.fsPath, text: document.getText() })
}
