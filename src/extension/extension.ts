// Entry: builds the parts, registers them, and nothing else. Work begins when something is opened.
import * as vscode from 'vscode'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { offerMcpServer, registerAgentTools } from './agents/agentTools.ts'
import { ComparePanels } from './views/comparePanels.ts'
import { modelCommands } from './commands/modelCommands.ts'
import { otherCommands, tryCommands } from './commands/otherCommands.ts'
import type { Handler, Parts } from './commands/targets.ts'
import { adoptRuns, runCommands } from './commands/runCommands.ts'
import { sweepCommands } from './commands/sweepCommands.ts'
import { commandIds, type CommandId, recipeLanguage, taskType } from './contributions.ts'
import { InspectorEditors, keepInspections } from './inspector/inspectorEditor.ts'
import { KnownSparsity } from './models/knownSparsity.ts'
import { Models } from './models/models.ts'
import { ModelTree } from './models/modelLists.ts'
import { watchModels } from './models/watchModels.ts'
import type * as languageClientModule from './recipe/languageClient.ts'
import { RunStore } from './runs/runStore.ts'
import { Runner } from './runs/runner.ts'
import { RunPanels } from './runs/runPanels.ts'
import { RunTasks } from './runs/runTasks.ts'
import { RunTree } from './runs/runTree.ts'
import { findRuns, watchRuns, watchSweeps } from './runs/findRuns.ts'
import { createAskQueued } from './sweeps/commandLine.ts'
import { SweepPanels } from './sweeps/sweepPanels.ts'
import { Sweeps } from './sweeps/sweeps.ts'
import { createServices, type Services } from './services.ts'
import { onSettingChange } from './support/settings.ts'
import { createStatusItem } from './statusItem.ts'

let stopLanguage: (() => Promise<void>) | null = null

/** The API for tests in the real host. */
export interface ExtensionApi {
  activationMs: number
  backendState: () => Services['supervisor']['state']
  runs: () => ReturnType<RunStore['listings']>
  /** Models that the tree shows. */
  models: () => ReturnType<Models['find']>
}

export function activate(context: vscode.ExtensionContext): ExtensionApi {
  const begun = performance.now()
  const runStore = new RunStore()
  const services = createServices(context)
  const sparsity = new KnownSparsity(context.globalState)
  const models = new Models(sparsity, services.facts)
  const runner = new Runner(services, runStore)
  const sweeps = new Sweeps(createAskQueued(services.extensionUri))
  const comparePanels = new ComparePanels(services)
  const parts: Parts = {
    services,
    inspectors: new InspectorEditors(
      services,
      keepInspections(sparsity, () => models.forget()),
    ),
    comparePanels,
    runPanels: new RunPanels(services, runStore, comparePanels),
    runStore,
    runner,
    sweeps,
    sweepPanels: new SweepPanels(services, sweeps, runStore, () => findRuns(runStore)),
    models,
  }
  context.subscriptions.push(
    parts.inspectors.register(),
    models,
    new ModelTree(models).register(),
    watchModels(models),
    new RunTree({ store: runStore, queue: runner.queue, sweeps }).register(),
    runStore,
    watchRuns(runStore),
    watchSweeps(sweeps, services.log.failed),
    sweeps,
    createStatusItem(services, runStore, runner.queue),
    vscode.tasks.registerTaskProvider(taskType, new RunTasks(runner, runStore)),
    ...registerCommands(parts),
    ...registerAgentTools(parts),
    offerMcpServer(services),
    startLanguageWithRecipe(services),
    offerRestart(services),
  )
  void adoptRuns(parts).catch(services.log.failed)
  return {
    activationMs: performance.now() - begun,
    backendState: () => services.supervisor.state,
    runs: () => runStore.listings(),
    models: () => models.find(),
  }
}

export async function deactivate(): Promise<void> {
  await stopLanguage?.()
}

function registerCommands(parts: Parts): vscode.Disposable[] {
  const handlers: Record<CommandId, Handler> = {
    ...modelCommands(parts),
    ...runCommands(parts),
    ...sweepCommands(parts),
    ...tryCommands(parts),
    ...otherCommands(parts),
  }
  return commandIds.map((id) =>
    vscode.commands.registerCommand(id, async (...args: unknown[]) => {
      try {
        return await handlers[id](...args)
      } catch (error) {
        parts.services.log.failed(error)
        return undefined
      }
    }),
  )
}

function startLanguageWithRecipe({ context, log }: Services): vscode.Disposable {
  const start = (document: vscode.TextDocument) => {
    const dist = join(context.extensionPath, 'dist')
    const server = join(dist, 'server.cjs')
    if (stopLanguage || document.languageId !== recipeLanguage || !existsSync(server)) return
    const { startRecipeClient } = createRequire(server)('./languageClient.cjs') as typeof languageClientModule
    stopLanguage = startRecipeClient({ server, channel: log.channel, language: recipeLanguage }).stop
  }
  vscode.workspace.textDocuments.forEach(start)
  return vscode.workspace.onDidOpenTextDocument(start)
}

/** Some settings apply only to a new backend. Offers a restart, because a restart stops runs. */
function offerRestart({ supervisor, log }: Services): vscode.Disposable {
  return onSettingChange(
    [
      'backend.nodePath',
      'backend.device',
      'backend.adapter',
      'backend.threads',
      'backend.deviceMemory',
      'backend.precision',
    ],
    () => {
      if (supervisor.state.kind === 'stopped') return
      const restart = vscode.l10n.t('Restart Backend')
      const text = vscode.l10n.t(
        'The new setting takes effect after a restart of the backend, which stops a run in progress.',
      )
      void vscode.window.showInformationMessage(text, restart).then((chosen) => {
        if (chosen === restart) supervisor.restart().catch(log.failed)
      })
    },
  )
}
