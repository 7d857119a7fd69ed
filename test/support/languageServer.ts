// The built language server as an editor starts it: a process of its own that speaks LSP over IPC.
import { fork } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node'
import type { CodeAction, CompletionItem, Diagnostic, WorkspaceEdit } from 'vscode-languageserver/node'
import { TextDocument } from 'vscode-languageserver-textdocument'

/** A recipe without a finding, of the model `opt` beside it. */
export const goodRecipe = `version: 1
model: opt
prune:
  - method: wanda
    sparsity: 0.5
    targets: [Linear]
calibration: {data: calib.safetensors, samples: 16, seq_len: 16} # sparsescope-tested below
seed: 0
recover:
  mode: reconstruct
  train: [bias, norm]
  steps: 10
save: {to: out}
`

/** More lines than it has. */
export const wholeText = { start: { line: 0, character: 0 }, end: { line: 20, character: 0 } }

const bundle = new URL('../../dist/server.cjs', import.meta.url)

export interface OpenRecipe {
  uri: string
  diagnostics(): Promise<Diagnostic[]>
  request<T>(method: string, params?: object): Promise<T>
  /** Requests at the cursor `|` of `text`, which becomes the document's text without it. */
  at<T>(method: string, text: string): Promise<T>
  actions(diagnostic: Diagnostic): Promise<CodeAction[]>
  /** The text after an edit. */
  edited(edit: WorkspaceEdit | undefined): string
  setText(text: string): Promise<void>
}

export async function startServer(settings: unknown = {}) {
  const child = fork(bundle, ['--node-ipc'], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child))
  let current = settings
  let refreshed = () => {}
  // A refresh that an earlier change of files asked for may come before the server has read new settings.
  let isRead = true
  connection.onRequest('workspace/configuration', () => {
    isRead = true
    return [current]
  })
  connection.onRequest('client/registerCapability', () => null)
  for (const method of ['workspace/diagnostic/refresh', 'workspace/codeLens/refresh', 'workspace/inlayHint/refresh']) {
    connection.onRequest(method, () => {
      if (method === 'workspace/diagnostic/refresh' && isRead) refreshed()
      return null
    })
  }
  connection.listen()
  await connection.sendRequest('initialize', {
    processId: process.pid,
    rootUri: null,
    capabilities: {
      workspace: {
        configuration: true,
        diagnostics: { refreshSupport: true },
        codeLens: { refreshSupport: true },
        inlayHint: { refreshSupport: true },
        didChangeWatchedFiles: { dynamicRegistration: true },
      },
    },
  })
  await connection.sendNotification('initialized', {})

  async function open(path: string, text: string, languageId = 'prune-recipe'): Promise<OpenRecipe> {
    const uri = path.startsWith('untitled:') ? path : pathToFileURL(path).href
    let version = 1
    let now = text
    await connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId, version, text } })
    const request = <T>(method: string, params: object = {}) =>
      connection.sendRequest<T>(method, { textDocument: { uri }, ...params })
    const recipe: OpenRecipe = {
      uri,
      request,
      diagnostics: async () => (await request<{ items: Diagnostic[] }>('textDocument/diagnostic')).items,
      async at(method, marked) {
        const offset = marked.indexOf('|')
        await recipe.setText(marked.replace('|', ''))
        const position = TextDocument.create(uri, '', 0, now).positionAt(offset)
        return request(method, { position })
      },
      actions: (d) => request('textDocument/codeAction', { range: d.range, context: { diagnostics: [d] } }),
      edited: (edit) => TextDocument.applyEdits(TextDocument.create(uri, '', 0, now), edit?.changes?.[uri] ?? []),
      async setText(next) {
        now = next
        version++
        await connection.sendNotification('textDocument/didChange', {
          textDocument: { uri, version },
          contentChanges: [{ text: next }],
        })
      },
    }
    return recipe
  }

  return {
    open,
    alive: () => child.exitCode === null,
    /** Resolves when the server has read the settings and requests a refresh of everything. */
    configure(next: unknown) {
      current = next
      isRead = false
      return new Promise<void>((resolve) => {
        refreshed = resolve
        void connection.sendNotification('workspace/didChangeConfiguration', { settings: null })
      })
    },
    notify: (method: string, params: object) => connection.sendNotification(method, params),
    async stop() {
      await connection.sendRequest('shutdown')
      await connection.sendNotification('exit')
      connection.dispose()
    },
  }
}

export const labels = (list: CompletionItem[] | { items: CompletionItem[] }): string[] =>
  (Array.isArray(list) ? list : list.items).map((i) => i.label)
