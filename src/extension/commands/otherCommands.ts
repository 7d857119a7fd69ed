// Commands on the extension itself.
import * as vscode from 'vscode'
import { diagnosticsText, menuItems, selectAdapter } from '../statusItem.ts'
import { newRecipe } from '../recipe/newRecipe.ts'
import { findRuns } from '../runs/findRuns.ts'
import { reached, requireTrust } from '../support/settings.ts'
import { type Handlers, modelTarget, type Parts, runTarget, weightsOf } from './targets.ts'
import type { TriedModel } from '../../protocol/view.ts'
import { column, columnsOf, type RunColumns } from '../models/columns.ts'
import { columnsOfRunFolder } from '../runs/runPanels.ts'
import { TryPanels } from '../views/tryPanels.ts'

const t = vscode.l10n.t

export function otherCommands({ services, models, runStore, sweeps }: Parts) {
  const { supervisor, log } = services
  return {
    'sparsescope.newRecipe': async (argument) => {
      const model = argument instanceof vscode.Uri ? await weightsOf(argument.fsPath) : undefined
      if (await newRecipe(models, services.facts, model)) reached('write')
    },
    'sparsescope.refresh': async () => {
      models.forget()
      await Promise.all([runStore.look(), findRuns(runStore), sweeps.refresh(), sweeps.find()])
    },
    'sparsescope.restartBackend': () => supervisor.restart(),
    'sparsescope.selectAdapter': () => selectAdapter(services),
    'sparsescope.showBackend': async () => {
      const { state } = supervisor
      const chosen = await vscode.window.showQuickPick(menuItems, {
        title: t('SparseScope backend'),
        placeHolder: state.kind === 'ready' ? state.device?.description : state.kind,
      })
      if (chosen) await vscode.commands.executeCommand(chosen.command, chosen.argument)
    },
    'sparsescope.showLog': () => log.channel.show(),
    'sparsescope.copyDiagnostics': async () => {
      await vscode.env.clipboard.writeText(diagnosticsText(services))
      void vscode.window.showInformationMessage(t('Copied, without paths and weights.'))
    },
    'sparsescope.openWalkthrough': () =>
      vscode.commands.executeCommand(
        'workbench.action.openWalkthrough',
        `${services.context.extension.id}#start`,
        false,
      ),
    'sparsescope.openSample': () => openSample(services.extensionUri),
  } satisfies Handlers
}

/** Copies the sample out of the extension: runs write beside it, and an update of the extension would remove them. */
async function openSample(extension: vscode.Uri): Promise<void> {
  const source = vscode.Uri.joinPath(extension, 'samples')
  const chosen = await vscode.window.showOpenDialog({
    title: t('Choose a folder for the sample'),
    canSelectFiles: false,
    canSelectFolders: true,
    openLabel: t('Copy the Sample Here'),
  })
  if (!chosen) return
  const target = vscode.Uri.joinPath(chosen[0], 'sparsescope-sample')
  await vscode.workspace.fs.copy(source, target, { overwrite: false })
  await vscode.commands.executeCommand('vscode.openFolder', target, { forceNewWindow: false })
}

// Try It from one or more checkpoints, a run, or a comparison.
export function tryCommands(parts: Parts) {
  const panels = new TryPanels(parts.services, parts.models)
  return {
    // Explorer passes the item under the pointer and all selected items.
    'sparsescope.tryOut': async (argument, all) => {
      if (!(await requireTrust(t('Generating text')))) return
      const { columns, note } = await columnsFor(parts, argument, all)
      if (columns.length > 0) panels.show(columns, note)
    },
  } satisfies Handlers
}

async function columnsFor(parts: Parts, argument: unknown, all: unknown): Promise<RunColumns> {
  const only = (columns: TriedModel[]) => ({ columns, note: null })
  if (isPair(argument)) return only([argument.a, argument.b])
  const run = runTarget(argument)
  if (run !== undefined) return columnsOfRunFolder(parts.services, parts.runStore, run)
  const uris = Array.isArray(all) ? all.filter((uri) => uri instanceof vscode.Uri) : []
  if (uris.length > 1)
    return only(await Promise.all(uris.map(async ({ fsPath }) => column((await weightsOf(fsPath)).fsPath))))
  const path = await modelTarget(argument, parts.models, parts.inspectors)
  return only(path === undefined ? [] : await columnsOf((await weightsOf(path)).fsPath))
}

/** Both sides of a comparison, as its view names them. */
function isPair(argument: unknown): argument is { a: TriedModel; b: TriedModel } {
  return typeof argument === 'object' && argument !== null && 'a' in argument && 'b' in argument
}
