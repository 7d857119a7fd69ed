// The language server of recipes: one process, started by the editor with the first recipe. It reads headers and small
// files, writes nothing, and opens no connection but the one to the editor.
import {
  createConnection,
  DidChangeWatchedFilesNotification,
  DocumentDiagnosticReportKind,
  ProposedFeatures,
  TextDocuments,
  TextDocumentSyncKind,
} from 'vscode-languageserver/node'
import type { Connection, InitializeResult, ServerCapabilities } from 'vscode-languageserver/node'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { weightsGlobs } from '../catalog/formats/checkpointFormats.ts'
import type { Answers, FeatureName, Features } from './answers.ts'
import { codeActionKinds } from './features/codeActions.ts'
import { createRecipeThreads, isLong } from './recipeThread.ts'
import { defaultSettings, readSettings, recipeLanguage, type Settings } from './analyses.ts'
import { yamlService } from './yamlService.ts'

/** File events come in bursts: editors refresh when they pause. */
const quietMs = 300

const capabilities: ServerCapabilities = {
  textDocumentSync: TextDocumentSyncKind.Incremental,
  diagnosticProvider: { identifier: 'sparsescope', interFileDependencies: false, workspaceDiagnostics: false },
  completionProvider: { triggerCharacters: [' ', '"', "'", '/', '.', '['] },
  hoverProvider: true,
  codeActionProvider: { codeActionKinds },
  codeLensProvider: {},
  inlayHintProvider: true,
  documentLinkProvider: {},
  documentSymbolProvider: true,
  foldingRangeProvider: true,
  documentFormattingProvider: true,
}

/** `answers`: this process's own, for recipes that are not long. */
export function startLanguageServer(answers: Answers): void {
  const connection = createConnection(ProposedFeatures.all)
  const documents = new TextDocuments(TextDocument)
  const threads = createRecipeThreads()
  let settings: Settings = defaultSettings
  let pendingRefresh: NodeJS.Timeout | undefined
  /** Abilities of the client, known after `initialize`. */
  let client = { configuration: false, refreshDiagnostics: false, refreshLenses: false, refreshHints: false }

  connection.onInitialize(({ capabilities: { workspace } }): InitializeResult => {
    client = {
      configuration: workspace?.configuration === true,
      refreshDiagnostics: workspace?.diagnostics?.refreshSupport === true,
      refreshLenses: workspace?.codeLens?.refreshSupport === true,
      refreshHints: workspace?.inlayHint?.refreshSupport === true,
    }
    return { serverInfo: { name: 'sparsescope' }, capabilities }
  })
  connection.onInitialized(() => {
    void readConfiguration()
    // Loaded early, so that the first completion does not wait for the YAML service.
    setTimeout(() => void yamlService(), 1000).unref()
    const globs = [...weightsGlobs, '*.json', '*.jsonl', '*.txt', '*.parquet', 'sparsescope.mask']
    const watchers = globs.map((glob) => ({ globPattern: `**/${glob}` }))
    connection.client.register(DidChangeWatchedFilesNotification.type, { watchers }).catch(() => undefined)
  })
  const readConfiguration = async () => {
    if (client.configuration) settings = readSettings(await connection.workspace.getConfiguration('sparsescope.recipe'))
    refresh()
  }
  const lookAgain = () => {
    answers.invalidate()
    threads.invalidate()
  }
  /** Asks the client for everything again, because all answers may have changed. */
  const refresh = () => {
    lookAgain()
    if (client.refreshDiagnostics) connection.languages.diagnostics.refresh()
    if (client.refreshLenses) void connection.sendRequest('workspace/codeLens/refresh').catch(() => undefined)
    if (client.refreshHints) void connection.languages.inlayHint.refresh().catch(() => undefined)
  }
  connection.onDidChangeConfiguration(() => void readConfiguration())
  // A run writes its own folder all the time; nothing that is shown depends on it.
  connection.onDidChangeWatchedFiles(({ changes }) => {
    if (!changes.some(({ uri }) => !uri.includes('/.sparsescope/'))) return
    lookAgain()
    clearTimeout(pendingRefresh)
    pendingRefresh = setTimeout(refresh, quietMs)
  })
  documents.onDidChangeContent(({ document }) => threads.changed(document.uri))
  documents.onDidClose(({ document: { uri } }) => {
    answers.close(uri)
    threads.close(uri)
  })
  answerRequests(connection, async (feature, uri, asked, otherwise) => {
    const known = documents.get(uri)
    if (known?.languageId !== recipeLanguage) return otherwise
    const document = { uri, version: known.version, text: known.getText() }
    const question = { feature, asked, document, settings }
    return isLong(document.text) ? threads.ask(question) : answers.to(question)
  })
  documents.listen(connection)
  connection.listen()
}

/** `otherwise`: the answer when the document is closed or is not a recipe. */
type Ask = <F extends FeatureName>(
  feature: F,
  uri: string,
  asked: Features[F]['asked'],
  otherwise: Features[F]['answer'],
) => Promise<Features[F]['answer']>

function answerRequests(connection: Connection, ask: Ask): void {
  connection.languages.diagnostics.on(async ({ textDocument: { uri } }) => ({
    kind: DocumentDiagnosticReportKind.Full,
    items: await ask('diagnostics', uri, null, []),
  }))
  connection.onCompletion(({ textDocument: { uri }, position }) => ask('completion', uri, position, []))
  connection.onHover(({ textDocument: { uri }, position }) => ask('hover', uri, position, null))
  connection.onCodeAction(({ textDocument: { uri }, range, context }) =>
    ask('codeActions', uri, { range, context }, []),
  )
  connection.onCodeLens(({ textDocument: { uri } }) => ask('codeLenses', uri, null, []))
  connection.languages.inlayHint.on(({ textDocument: { uri } }) => ask('inlayHints', uri, null, []))
  connection.onDocumentLinks(({ textDocument: { uri } }) => ask('links', uri, null, []))
  connection.onDocumentSymbol(({ textDocument: { uri } }) => ask('symbols', uri, null, []))
  connection.onFoldingRanges(({ textDocument: { uri } }) => ask('folding', uri, null, []))
  connection.onDocumentFormatting(({ textDocument: { uri } }) => ask('formatting', uri, null, []))
}
