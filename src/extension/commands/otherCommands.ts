// Commands on the extension itself.
import * as vscode from 'vscode'
import { diagnosticsText, menuItems, selectAdapter } from '../statusItem.ts'
import { newRecipe } from '../recipe/newRecipe.ts'
import { findRuns } from '../runs/findRuns.ts'
import { reached } from '../support/settings.ts'
import { type Handlers, type Parts, weightsOf } from './targets.ts'

const t = vscode.l10n.t

type Ids =
  | 'sparsescope.newRecipe'
  | 'sparsescope.refresh'
  | 'sparsescope.restartBackend'
  | 'sparsescope.selectAdapter'
  | 'sparsescope.showBackend'
  | 'sparsescope.showLog'
  | 'sparsescope.copyDiagnostics'
  | 'sparsescope.openWalkthrough'
  | 'sparsescope.openSample'

export function otherCommands({ services, models, runStore, sweeps }: Parts): Handlers<Ids> {
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
  }
}

/** The sample is copied out of the extension: runs write beside it, and an update would remove them. */
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
