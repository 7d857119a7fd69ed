// The tools of the editor's agent, which package.json lists from the table in src/agents. The backend answers. A run goes through the
// queue of all runs and survives a reload of the window. Agents of other extensions get the same tools from `sparsescope mcp`.
import * as vscode from 'vscode'
import { basename, join } from 'node:path'
import { runAndReport } from '../commands/runCommands.ts'
import type { Parts } from '../commands/targets.ts'
import { mcpProviderId, toolPrefix } from '../contributions.ts'
import { memoryLimit } from '../support/settings.ts'
import type { Services } from '../services.ts'
import { nodeOf } from '../sweeps/sweepTask.ts'

const t = vscode.l10n.t

interface ContributedTool {
  readonly name: string
  readonly displayName: string
  /** Set for tools that compute or write. */
  readonly when?: string
}

export function registerAgentTools(parts: Parts): vscode.Disposable[] {
  const manifest = parts.services.context.extension.packageJSON as {
    contributes: { languageModelTools: readonly ContributedTool[] }
  }
  return manifest.contributes.languageModelTools.map((row) => {
    const name = row.name.slice(toolPrefix.length)
    const tool = name === 'run_recipe' ? runTool(parts) : backendTool(parts, name, row)
    return vscode.lm.registerTool(row.name, tool)
  })
}

function backendTool(parts: Parts, name: string, row: ContributedTool): vscode.LanguageModelTool<object> {
  return {
    prepareInvocation: () => ({ invocationMessage: row.displayName }),
    async invoke({ input }, token) {
      if (row.when !== undefined) requireTrusted()
      return resultOf(await ask(parts, name, input, signalOf(token)))
    },
  }
}

function runTool(parts: Parts): vscode.LanguageModelTool<object> {
  const prepare = (input: object, write: boolean) => {
    requireTrusted()
    return parts.services.call('prepareRun', { input, roots: rootsOf(), write })
  }
  return {
    async prepareInvocation({ input }) {
      const { recipe, summary } = await prepare(input, false)
      const name = basename(recipe)
      // The summary contains names from untrusted files.
      const message = new vscode.MarkdownString().appendText(summary)
      return {
        invocationMessage: t('Running {0}', name),
        confirmationMessages: { title: t('Run {0}?', name), message },
      }
    },
    async invoke({ input }, token) {
      const signal = signalOf(token)
      const { recipe, set } = await prepare(input, true)
      const { status, folder, message } = await runAndReport(parts, { recipe, set: [...set] }, signal)
      if (status !== 'done' || folder === null) throw new Error(message ?? t('The run was cancelled.'))
      return resultOf(await ask(parts, 'read_results', { runs: [basename(folder)] }, signal))
    },
  }
}

/** @throws Error with the tool's message if the tool fails; VS Code passes the message to the agent. */
async function ask({ services }: Parts, name: string, input: object, signal: AbortSignal): Promise<string> {
  const params = { name, input, roots: rootsOf(), memoryBytes: memoryLimit() }
  const { text, isError } = await services.call('agentTool', params, { signal })
  if (isError) throw new Error(text)
  return text
}

function resultOf(text: string): vscode.LanguageModelToolResult {
  return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)])
}

/** The folders of the workspace that are on this machine. */
export function rootsOf(): string[] {
  const folders = vscode.workspace.workspaceFolders ?? []
  return folders.flatMap(({ uri }) => (uri.scheme === 'file' ? [uri.fsPath] : []))
}

/** package.json hides these tools in an untrusted workspace, but another extension can still call them by name. */
function requireTrusted(): void {
  if (!vscode.workspace.isTrusted) throw new Error(t('{0} needs a trusted workspace.', t('Computing')))
}

function signalOf(token: vscode.CancellationToken): AbortSignal {
  const abort = new AbortController()
  if (token.isCancellationRequested) abort.abort()
  token.onCancellationRequested(() => abort.abort())
  return abort.signal
}

// `sparsescope mcp` as a server that the editor offers to agents of other extensions. Needs VS Code 1.101; older versions register
// nothing.
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

/** Offers the server without permission to run recipes: in the editor, the user confirms each run (`runTool`). */
export function offerMcpServer(services: Services): vscode.Disposable {
  const { McpStdioServerDefinition: Definition, lm } = vscode as unknown as NewerEditor
  // VS Code 1.100 has a draft of this API under the same name, which rejects the entry in package.json for later versions.
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
