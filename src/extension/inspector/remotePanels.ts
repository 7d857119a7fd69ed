// The Inspector of a model on the Hub: its header, and single tensors on request. It needs no trusted workspace: the address and the
// token are settings of the machine.
import type { SeenModel } from '../../protocol/parameters.ts'
import * as vscode from 'vscode'
import type { FromInspector, ToInspector } from '../../protocol/view.ts'
import type { Services } from '../services.ts'
import { askHubName, pullModel } from '../models/hubTransfers.ts'
import { messageOf } from '../../errors.ts'
import { isCancellation } from '../support/log.ts'
import { requireTrust } from '../support/settings.ts'
import { bindView } from '../views/bindView.ts'
import type { InspectorEditors } from './inspectorEditor.ts'

const t = vscode.l10n.t

/** `given`: a name to start with. */
export async function inspectRemote(services: Services, inspectors: InspectorEditors, given: string): Promise<void> {
  const title = t('Inspect Model on the Hub')
  const prompt = t(
    'Name of the model: org/name or org/name@revision. SparseScope fetches its headers, config and card, and keeps nothing.',
  )
  const name = await askHubName({ title, prompt, withFile: true }, given)
  if (name !== undefined) showRemote(services, inspectors, name)
}

function showRemote(services: Services, inspectors: InspectorEditors, name: string): void {
  const { call } = services
  const panel = vscode.window.createWebviewPanel('sparsescope.remote', name, vscode.ViewColumn.Active)
  const [model] = name.split('#')
  const seen: SeenModel = { path: `hf:${name}`, remote: true }
  let opening = new AbortController()
  const open = () => {
    opening.abort()
    const { signal } = (opening = new AbortController())
    view.post({ type: 'loading', what: t('Reading the header of {0} on the Hub', name) })
    call('openModel', seen, { signal }).then(
      (opened) => signal.aborted || view.post({ type: 'model', ...opened }),
      (error: unknown) => isCancellation(error) || view.post({ type: 'failed', message: messageOf(error) }),
    )
  }
  const view = bindView<ToInspector, FromInspector>(services, panel, {
    view: 'inspector',
    models: { first: seen },
    exportFolder: () => vscode.workspace.workspaceFolders?.at(0)?.uri,
    onReady: open,
    onMessage: async ({ type }) => {
      if (type === 'pull') await vscode.commands.executeCommand('sparsescope.pull', model)
      if (type === 'prune') await pruneAfterPull(services, model)
    },
    onClose: () => {
      opening.abort()
      if (inspectors.show === view.post) inspectors.show = null
    },
  })
  const activate = () => {
    if (panel.active) inspectors.show = view.post
  }
  activate()
  panel.onDidChangeViewState(activate)
}

async function pruneAfterPull(services: Services, name: string): Promise<void> {
  if (!(await requireTrust(t('Pruning')))) return
  const folder = await pullModel(services, name)
  if (folder !== undefined) await vscode.commands.executeCommand('sparsescope.prune', vscode.Uri.file(folder))
}
