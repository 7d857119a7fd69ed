// `sparsescope mcp` as a server that the editor offers to agents of other extensions. Needs VS Code 1.101; older versions register
// nothing.
import * as vscode from 'vscode'
import { join } from 'node:path'
import { mcpProviderId } from '../contributions.ts'
import type { Services } from '../services.ts'
import { nodeOf } from '../sweeps/sweepTask.ts'
import { rootsOf } from './agentTools.ts'

/** The parts of VS Code 1.101 that @types/vscode 1.100 does not know. */
interface StdioServer {
  command: string
}
interface ServerProvider {
  readonly onDidChangeMcpServerDefinitions: vscode.Event<void>
  provideMcpServerDefinitions(): StdioServer[]
  resolveMcpServerDefinition(server: StdioServer): Promise<StdioServer>
}
interface NewerEditor {
  readonly McpStdioServerDefinition?: new (
    ...of: [label: string, command: string, args: string[], env: Record<string, string>, version: string]
  ) => StdioServer
  readonly lm: { registerMcpServerDefinitionProvider?(id: string, provider: ServerProvider): vscode.Disposable }
}

/** It may not run recipes: in the editor the user confirms each run (agentTools.ts). */
export function offerMcpServer(services: Services): vscode.Disposable {
  const { McpStdioServerDefinition: Definition, lm } = vscode as unknown as NewerEditor
  // 1.100 has a draft of it under the same name, which refuses what package.json says for later versions.
  const [major, minor] = vscode.version.split('.').map(Number)
  const isNew = major > 1 || minor >= 101
  if (!isNew || !Definition || !lm.registerMcpServerDefinitionProvider) return new vscode.Disposable(() => undefined)
  const changed = new vscode.EventEmitter<void>()
  const provider = lm.registerMcpServerDefinitionProvider(mcpProviderId, {
    onDidChangeMcpServerDefinitions: changed.event,
    provideMcpServerDefinitions() {
      const roots = rootsOf()
      if (!vscode.workspace.isTrusted || roots.length === 0) return []
      const cli = join(services.extensionUri.fsPath, 'dist', 'cli.mjs')
      const args = [cli, 'mcp', ...roots.flatMap((root) => ['--root', root])]
      return [new Definition('SparseScope', process.execPath, args, { ELECTRON_RUN_AS_NODE: '1' }, services.version)]
    },
    // Resolved only when the server starts, because finding a Node that reaches the GPU starts the backend.
    async resolveMcpServerDefinition(server) {
      server.command = (await nodeOf(services)).path
      return server
    },
  })
  const tell = () => changed.fire()
  return vscode.Disposable.from(
    provider,
    changed,
    vscode.workspace.onDidChangeWorkspaceFolders(tell),
    vscode.workspace.onDidGrantWorkspaceTrust(tell),
  )
}
