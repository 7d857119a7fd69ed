// The server's answers about a recipe: one row per request of an editor. Requests and answers are plain data, so the process or one
// of its threads can answer.
import type {
  CodeAction,
  CodeActionContext,
  CodeLens,
  CompletionItem,
  Diagnostic,
  DocumentLink,
  DocumentSymbol,
  FoldingRange,
  Hover,
  InlayHint,
  Position,
  Range,
  TextEdit,
} from 'vscode-languageserver/node'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { type Analysis, createAnalyses, defaultSettings, recipeLanguage, type Settings } from './analyses.ts'
import { readRuleLinks, toDiagnostic } from './diagnostics.ts'
import { codeActions } from './features/codeActions.ts'
import { completion, readTemplates, templateItems } from './features/completion.ts'
import { hover } from './features/hover.ts'
import { codeLenses, inlayHints } from './features/lenses.ts'
import { documentLinks } from './features/links.ts'
import { isSafe, yamlService } from './yamlService.ts'

/** Parameters and result of each feature. */
export interface Features {
  diagnostics: { asked: null; answer: Diagnostic[] }
  completion: { asked: Position; answer: CompletionItem[] }
  hover: { asked: Position; answer: Hover | null }
  codeActions: { asked: { range: Range; context: CodeActionContext }; answer: CodeAction[] }
  codeLenses: { asked: null; answer: CodeLens[] }
  inlayHints: { asked: null; answer: InlayHint[] }
  links: { asked: null; answer: DocumentLink[] }
  symbols: { asked: null; answer: DocumentSymbol[] }
  folding: { asked: null; answer: FoldingRange[] }
  formatting: { asked: null; answer: TextEdit[] }
}

export type FeatureName = keyof Features

export interface Question<F extends FeatureName = FeatureName> {
  readonly feature: F
  readonly asked: Features[F]['asked']
  readonly document: Pick<TextDocument, 'uri' | 'version'> & { readonly text: string }
  readonly settings: Settings
}

export interface Answers {
  to<F extends FeatureName>(question: Question<F>): Promise<Features[F]['answer']>
  /** A file or setting changed: look again. */
  invalidate(): void
  close(uri: string): void
}

type Rows = {
  [F in FeatureName]: (
    document: TextDocument,
    analysis: Analysis,
    asked: Features[F]['asked'],
    settings: Settings,
  ) => Features[F]['answer'] | Promise<Features[F]['answer']>
}

/** `root`: the extension's folder. */
export function createAnswers(root: string): Answers {
  let settings = defaultSettings
  const analyses = createAnalyses(() => settings)
  const rows = createRows(root)
  return {
    async to({ feature, asked, document: { uri, version, text }, settings: now }) {
      settings = now
      const document = TextDocument.create(uri, recipeLanguage, version, text)
      return rows[feature](document, await analyses.of(document), asked, now)
    },
    invalidate: () => analyses.invalidate(),
    close: (uri) => analyses.close(uri),
  }
}

function createRows(root: string): Rows {
  const linkOf = readRuleLinks(root)
  const templates = readTemplates(root)
  return {
    diagnostics: (_, { findings }) => findings.map((f) => toDiagnostic(f, linkOf)),
    completion: async (document, analysis, position) => [
      ...templateItems(templates, document, position),
      ...(await completion(document, analysis, position)),
    ],
    hover,
    codeActions: (document, analysis, { range, context }) => codeActions(document, analysis, range, context),
    codeLenses: (document, analysis, _, settings) => (settings.codeLens ? codeLenses(document.uri, analysis) : []),
    inlayHints: (_, analysis, __, settings) => (settings.inlayHints ? inlayHints(analysis) : []),
    links: (_, analysis) => documentLinks(analysis),
    symbols: async (document, analysis) =>
      isSafe(analysis) ? (await yamlService()).findDocumentSymbols2(document, {}) : [],
    folding: async (document, analysis) =>
      isSafe(analysis) ? ((await yamlService()).getFoldingRanges(document, {}) ?? []) : [],
    formatting: async (document, analysis) => (isSafe(analysis) ? (await yamlService()).doFormat(document, {}) : []),
  }
}
