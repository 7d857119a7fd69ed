// The language server of recipes: one process, started by the editor with the first recipe. It reads headers and small
// files, writes nothing, and opens no connection but the one to the editor.
import { dirname, join } from 'node:path'
import {
  createConnection,
  DidChangeWatchedFilesNotification,
  DocumentDiagnosticReportKind,
  ProposedFeatures,
  TextDocuments,
  TextDocumentSyncKind,
} from 'vscode-languageserver/node'
import type { InitializeResult } from 'vscode-languageserver/node'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { weightsGlobs } from '../shared/format/checkpointFormats.ts'
import { createAnalyses, isOurs } from './analyses.ts'
import type { Analysis } from './analyses.ts'
import { toDiagnostic } from './convert.ts'
import { codeActionKinds, codeActions } from './features/codeActions.ts'
import { completion } from './features/completion.ts'
import { hover } from './features/hover.ts'
import { codeLenses, inlayHints } from './features/lenses.ts'
import { documentLinks } from './features/links.ts'
import { readTemplates, templateItems } from './features/templates.ts'
import { isSafe } from './safe.ts'
import { readRuleLinks } from './ruleLinks.ts'
import { defaultSettings, readSettings } from './settings.ts'
import type { Settings } from './settings.ts'
import { yamlService } from './yamlService.ts'

const connection = createConnection(ProposedFeatures.all)
const documents = new TextDocuments(TextDocument)
/** Files come in bursts: what is shown is asked for again when they are quiet. */
const quietMs = 300
let pendingRefresh: NodeJS.Timeout | undefined
let settings: Settings = defaultSettings
const analyses = createAnalyses(() => settings)
/** Abilities of the client, known after `initialize`. */
let client = { configuration: false, refreshDiagnostics: false, refreshLenses: false, refreshHints: false }
// The bundle lies in dist/ of the extension.
const root = join(dirname(process.argv[1]), '..')
const linkOf = readRuleLinks(root)
const templates = readTemplates(root)

connection.onInitialize(({ capabilities }): InitializeResult => {
  const { workspace } = capabilities
  client = {
    configuration: workspace?.configuration === true,
    refreshDiagnostics: workspace?.diagnostics?.refreshSupport === true,
    refreshLenses: workspace?.codeLens?.refreshSupport === true,
    refreshHints: workspace?.inlayHint?.refreshSupport === true,
  }
  return {
    serverInfo: { name: 'sparsescope' },
    capabilities: {
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
    },
  }
})

connection.onInitialized(() => {
  void readConfiguration()
  // The first completion should not wait for it.
  setTimeout(() => void yamlService(), 1000).unref()
  const globs = [...weightsGlobs, '*.json', '*.jsonl', '*.txt', '*.parquet', 'sparsescope.mask']
  const watchers = globs.map((glob) => ({ globPattern: `**/${glob}` }))
  connection.client.register(DidChangeWatchedFilesNotification.type, { watchers }).catch(() => undefined)
})

async function readConfiguration(): Promise<void> {
  if (client.configuration) settings = readSettings(await connection.workspace.getConfiguration('sparsescope.recipe'))
  refresh()
}

/** Everything that is shown may have changed. */
function refresh(): void {
  analyses.invalidate()
  if (client.refreshDiagnostics) connection.languages.diagnostics.refresh()
  if (client.refreshLenses) void connection.sendRequest('workspace/codeLens/refresh').catch(() => undefined)
  if (client.refreshHints) void connection.languages.inlayHint.refresh().catch(() => undefined)
}

connection.onDidChangeConfiguration(() => void readConfiguration())
// A run writes its own folder all the time; nothing that is shown depends on it.
connection.onDidChangeWatchedFiles(({ changes }) => {
  if (!changes.some(({ uri }) => !uri.includes('/.sparsescope/'))) return
  analyses.invalidate()
  clearTimeout(pendingRefresh)
  pendingRefresh = setTimeout(refresh, quietMs)
})
documents.onDidClose(({ document }) => analyses.close(document.uri))

/** Runs a feature on the current text; `otherwise` when the document is gone. */
async function withRecipe<T>(
  uri: string,
  otherwise: T,
  feature: (document: TextDocument, analysis: Analysis) => T | Promise<T>,
): Promise<T> {
  const document = documents.get(uri)
  return document ? feature(document, await analyses.of(document)) : otherwise
}

connection.languages.diagnostics.on(async ({ textDocument }) => ({
  kind: DocumentDiagnosticReportKind.Full,
  items: await withRecipe(textDocument.uri, [], (document, { dialect, findings }) =>
    // Any other YAML file is none of our business.
    isOurs(document) || dialect !== null ? findings.map((f) => toDiagnostic(f, linkOf)) : [],
  ),
}))

connection.onCompletion(({ textDocument, position }) =>
  withRecipe(textDocument.uri, [], async (document, analysis) =>
    isOurs(document) && analysis.dialect === null
      ? [...templateItems(templates, document, position), ...(await completion(document, analysis, position))]
      : [],
  ),
)

connection.onHover(({ textDocument, position }) =>
  withRecipe(textDocument.uri, null, (document, analysis) =>
    isOurs(document) ? hover(document, analysis, position) : null,
  ),
)

connection.onCodeAction(({ textDocument, range, context }) =>
  withRecipe(textDocument.uri, [], (document, analysis) =>
    isOurs(document) || analysis.dialect !== null ? codeActions(document, analysis, range, context) : [],
  ),
)

connection.onCodeLens(({ textDocument }) =>
  withRecipe(textDocument.uri, [], (document, analysis) =>
    isOurs(document) && settings.codeLens ? codeLenses(document.uri, analysis) : [],
  ),
)

connection.languages.inlayHint.on(({ textDocument }) =>
  withRecipe(textDocument.uri, [], (document, analysis) =>
    isOurs(document) && settings.inlayHints ? inlayHints(analysis) : [],
  ),
)

connection.onDocumentLinks(({ textDocument }) =>
  withRecipe(textDocument.uri, [], (document, analysis) => (isOurs(document) ? documentLinks(analysis) : [])),
)

connection.onDocumentSymbol(({ textDocument }) =>
  withRecipe(textDocument.uri, [], async (document, analysis) =>
    isOurs(document) && isSafe(analysis) ? (await yamlService()).findDocumentSymbols2(document, {}) : [],
  ),
)

connection.onFoldingRanges(({ textDocument }) =>
  withRecipe(textDocument.uri, [], async (document, analysis) =>
    isOurs(document) && isSafe(analysis) ? ((await yamlService()).getFoldingRanges(document, {}) ?? []) : [],
  ),
)

connection.onDocumentFormatting(({ textDocument }) =>
  withRecipe(textDocument.uri, [], async (document, analysis) =>
    isOurs(document) && isSafe(analysis) ? (await yamlService()).doFormat(document, {}) : [],
  ),
)

documents.listen(connection)
connection.listen()
