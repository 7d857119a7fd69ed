// The custom editor of checkpoints: read-only, any shard or the index opens the whole model.
import * as vscode from 'vscode'
import { basename, dirname } from 'node:path'
import { isWeights } from '../../catalog/formats/checkpointFormats.ts'
import { type FromAnyView, type FromInspector, type ToInspector, views } from '../../protocol/view.ts'
import type { ModelSummary } from '../../protocol/inspect.ts'
import type { Services } from '../services.ts'
import { writeCard } from '../models/exportModel.ts'
import { reached, setting } from '../support/settings.ts'
import { bindView } from '../views/bindView.ts'
import { measureInPlace, measureRoom } from './measureInPlace.ts'
import { useMarked } from './markedMatrices.ts'
import { ModelSession } from './modelSession.ts'
import { type KnownSparsity, linearSparsity, stampOf } from '../models/knownSparsity.ts'

const quietMs = 800

/** Lives from the first view of a checkpoint to the last; VS Code shares it among the views. */
class CheckpointDocument implements vscode.CustomDocument {
  readonly session: ModelSession
  private readonly watcher: vscode.Disposable

  constructor(
    readonly uri: vscode.Uri,
    { call }: Services,
    private readonly closed: () => void,
  ) {
    this.session = new ModelSession(uri.fsPath, call, scansByItself)
    this.session.openAhead()
    this.watcher = watchFiles(dirname(uri.fsPath), () => void this.session.reload())
  }

  dispose(): void {
    this.watcher.dispose()
    this.session.dispose()
    this.closed()
  }
}

/** The inspector that has the focus: commands and context menus act on it. */
interface ActiveInspector {
  path: string
  post: (message: ToInspector) => void
  session: ModelSession
}

/** Called when a message was posted to a view, or something was selected in it. */
type Noticed = (session: ModelSession, type: ToInspector['type'] | 'selected') => void

export class InspectorEditors implements vscode.CustomReadonlyEditorProvider<CheckpointDocument> {
  active: ActiveInspector | null = null
  private readonly documents = new Set<CheckpointDocument>()

  constructor(
    private readonly services: Services,
    private readonly noticed: Noticed,
  ) {}

  register(): vscode.Disposable {
    const options = { supportsMultipleEditorsPerDocument: true }
    return vscode.window.registerCustomEditorProvider(views.inspector.type, this, options)
  }

  openCustomDocument(uri: vscode.Uri): CheckpointDocument {
    if (uri.scheme !== 'file') {
      throw new Error(
        vscode.l10n.t('SparseScope reads weights in place: it needs a file on disk, not {0}.', uri.scheme),
      )
    }
    const document = new CheckpointDocument(uri, this.services, () => this.documents.delete(document))
    this.documents.add(document)
    return document
  }

  /** Session of a checkpoint that some view shows, by its index or weights file. */
  sessionOf(path: string): ModelSession | undefined {
    return [...this.documents].find((document) => document.uri.fsPath === path)?.session
  }

  resolveCustomEditor(document: CheckpointDocument, panel: vscode.WebviewPanel): void {
    const { session } = document
    let attached: vscode.Disposable | null = null
    const view = bindView<ToInspector, FromInspector>(this.services, panel, {
      view: 'inspector',
      ofFile: true,
      models: { first: { path: session.path } },
      exportFolder: () => vscode.Uri.file(dirname(session.path)),
      onReady: () => {
        // The old view is removed last, because a session without views discards its scan.
        const before = attached
        attached = session.attach((message) => {
          view.post(message)
          this.noticed(session, message.type)
        })
        before?.dispose()
      },
      onRetry: () => void session.reload(),
      onMessage: (message) => this.handle(document, message),
      onClose: () => {
        attached?.dispose()
        if (this.active?.post === view.post) this.active = null
      },
    })
    const activate = () => {
      if (panel.active) this.active = { path: session.path, post: view.post, session }
    }
    activate()
    panel.onDidChangeViewState(activate)
  }

  private handle({ session }: CheckpointDocument, message: Exclude<FromInspector, FromAnyView>): unknown {
    switch (message.type) {
      case 'analyse':
        return measureInPlace(session, this.services.call)
      case 'measureRoom':
        return measureRoom(session)
      case 'analyseCancel':
        return session.cancelAnalysis()
      case 'scanStart':
        return session.startScan()
      case 'scanCancel':
        return session.cancelScan()
      case 'prune':
        return vscode.commands.executeCommand('sparsescope.prune', vscode.Uri.file(session.path))
      case 'useMarked':
        return useMarked(session, message)
      case 'writeCard':
        return writeCard(this.services, session.path)
      case 'selected':
        session.selected()
        return this.noticed(session, 'selected')
    }
  }
}

function scansByItself(model: ModelSummary): boolean {
  const when = setting('statistics.autoCompute')
  return when === 'always' || (when === 'small' && model.bytes <= setting('statistics.smallGiB') * 2 ** 30)
}

/** Writing a checkpoint causes many file events: `changed` is called when they pause. */
function watchFiles(folder: string, changed: () => void): vscode.Disposable {
  const pattern = new vscode.RelativePattern(vscode.Uri.file(folder), '*.{safetensors,bin,json,gguf}')
  const watcher = vscode.workspace.createFileSystemWatcher(pattern)
  let timer: NodeJS.Timeout | undefined
  const noticed = (uri: vscode.Uri) => {
    const name = basename(uri.path)
    if (!isWeights(name) && name !== 'config.json') return
    clearTimeout(timer)
    timer = setTimeout(changed, quietMs)
  }
  watcher.onDidChange(noticed)
  watcher.onDidCreate(noticed)
  watcher.onDidDelete(noticed)
  return vscode.Disposable.from(watcher, { dispose: () => clearTimeout(timer) })
}

/** Keeps the sparsities that inspectors count, for the tree of models, and ticks off steps of the walkthrough. */
export function keepInspections(known: KnownSparsity, changed: () => void): Noticed {
  return async (session, type) => {
    if (type === 'model') reached('open')
    if (type === 'selected') reached('look')
    if (type !== 'scanEnd') return
    const found = await session.known().catch(() => null)
    const sparsity = found && linearSparsity(found.model, new Map(found.stats.map((s) => [s.name, s])))
    if (sparsity === null) return
    await known.set(session.path, await stampOf(session.path), sparsity)
    changed()
  }
}
