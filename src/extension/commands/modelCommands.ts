// Commands on checkpoints.
import * as vscode from 'vscode'
import { views, type ExportFormat } from '../../protocol/view.ts'
import { plainModel } from '../models/columns.ts'
import { exportGguf } from '../models/exportModel.ts'
import { pickModel } from '../models/modelLists.ts'
import { pullModel } from '../models/hubTransfers.ts'
import { requireTrust } from '../support/settings.ts'
import { RecipePanels } from '../recipe/recipePanels.ts'
import { type Handlers, modelTarget, type Parts, tensorTarget, weightsOf } from './targets.ts'

const t = vscode.l10n.t

export function modelCommands({ services, inspectors, comparePanels, models }: Parts) {
  let selected: string | undefined
  const recipePanels = new RecipePanels(services)
  const formOf = (kind: 'prune' | 'recover') => async (argument: unknown) => {
    if (!(await requireTrust(kind === 'prune' ? t('Pruning') : t('Recovering')))) return
    const model = await modelTarget(argument, models, inspectors)
    if (model) recipePanels.show({ weights: (await weightsOf(model)).fsPath, kind })
  }
  return {
    'sparsescope.openOverview': async (argument, module) => {
      // The active inspector is not a target, because its overview is already visible.
      const path = await modelTarget(argument, models, null)
      if (!path) return
      const weights = await weightsOf(path)
      await vscode.commands.executeCommand('vscode.openWith', weights, views.inspector.type)
      // Menus pass the selected files as this argument.
      if (typeof module === 'string') inspectors.sessionOf(weights.fsPath)?.select(module)
    },
    'sparsescope.pull': async (argument) => {
      if (!(await requireTrust(t('Pulling a model')))) return
      const folder = await pullModel(services, typeof argument === 'string' ? argument : '')
      if (!folder) return
      models.forget()
      await vscode.commands.executeCommand('sparsescope.openOverview', vscode.Uri.file(folder))
    },
    'sparsescope.prune': formOf('prune'),
    'sparsescope.recover': formOf('recover'),
    // Explorer passes the item under the pointer and all selected items.
    'sparsescope.compareSelected': async (_, all) => {
      const uris = Array.isArray(all) ? all.filter((u) => u instanceof vscode.Uri) : []
      if (uris.length !== 2) throw new Error(t('Select two checkpoints to compare.'))
      comparePanels.show({ a: plainModel(uris[0].fsPath), b: plainModel(uris[1].fsPath) })
    },
    'sparsescope.selectForCompare': async (argument) => {
      selected = await modelTarget(argument, models, inspectors)
      await vscode.commands.executeCommand('setContext', 'sparsescope.hasSelected', selected !== undefined)
    },
    'sparsescope.compareWithSelected': async (argument) => {
      const b = await modelTarget(argument, models, inspectors)
      if (!b) return
      const a = selected === undefined || selected === b ? await pickModel(models) : selected
      if (a) comparePanels.show({ a: plainModel(a), b: plainModel(b) })
    },
    'sparsescope.computeStatistics': () => inspectors.active?.session.startScan(),
    'sparsescope.exportView': async () => {
      const format = await vscode.window.showQuickPick(exportChoices(), { placeHolder: t('Export the view as') })
      if (format) inspectors.active?.post({ type: 'exportNow', format: format.format })
    },
    'sparsescope.exportGguf': async (argument) => {
      if (!(await requireTrust(t('Exporting to GGUF')))) return
      const model = await modelTarget(argument, models, inspectors)
      if (model) await exportGguf(services, await weightsOf(model))
    },
    'sparsescope.copyTensorName': async (argument) => {
      const tensor = tensorTarget(argument)
      if (tensor) await vscode.env.clipboard.writeText(tensor)
    },
    'sparsescope.copyTarget': async (argument) => {
      const tensor = tensorTarget(argument)
      // The module's name, quoted for YAML.
      if (tensor) await vscode.env.clipboard.writeText(JSON.stringify(tensor.replace(/\.(weight|bias)$/, '')))
    },
  } satisfies Handlers
}

function exportChoices(): (vscode.QuickPickItem & { format: ExportFormat })[] {
  return [
    { label: t('Table as CSV'), format: 'csv' },
    { label: t('Table as JSON'), format: 'json' },
    { label: t('Map as SVG'), format: 'svg' },
    { label: t('Map as PNG'), format: 'png' },
    { label: t('Report as one HTML page'), format: 'html' },
  ]
}
