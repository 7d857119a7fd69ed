// Commands on recipes and runs.
import * as vscode from 'vscode'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { formatBytes, roughDuration } from '../../formatting/numbers.ts'
import type { PlanSummary } from '../../plan/planSummary.ts'
import type { RunOutcome } from '../../protocol/rpc.ts'
import { planOf } from '../services.ts'
import { TrainablePanels } from '../trainable/trainablePanels.ts'
import { BackendError } from '../backend/calls.ts'
import { reached, requireTrust } from '../support/settings.ts'
import { plainText } from '../support/log.ts'
import { showReport } from '../runs/runPanels.ts'
import { isHeld } from '../../runs/lock/lock.ts'
import type { RunRequest } from '../runs/runner.ts'
import { errorsText, queuedText, readResult, resultText } from '../runs/runTexts.ts'
import { recipeName } from '../runs/runStore.ts'
import {
  checkpointTarget,
  type Handlers,
  isQueued,
  type Parts,
  recipeOrPick,
  recipeTarget,
  runTarget,
  savedRecipe,
  weightsOf,
} from './targets.ts'

const t = vscode.l10n.t

export function runCommands(parts: Parts) {
  const { services, runStore, runPanels, runner } = parts
  const trainablePanels = new TrainablePanels(services, runStore)
  return {
    'sparsescope.runRecipe': async (argument) => {
      if (!(await requireTrust(t('Running a recipe')))) return
      const chosen = await recipeOrPick(argument, t('Run Recipe'))
      const recipe = chosen && (await savedRecipe(chosen))
      if (!recipe) return
      const { scheme } = recipe
      const name = basename(recipe.fsPath)
      // Code lenses also appear on older versions of a file (such as `git:` documents), which cannot run.
      if (scheme !== 'file')
        throw new Error(t('{0} is a version of a file ({1}:). Open the file itself and run it.', name, scheme))
      const plan = await planOf(services, recipe).catch((error: unknown) => {
        // An invalid recipe has no plan.
        if (!(error instanceof BackendError) || error.code !== 'bad-recipe') throw error
        return { errors: [error.message] }
      })
      if (!('estimates' in plan) || plan.errors.length > 0) return showErrors(recipe, plan.errors)
      if (await confirmed(plan)) await runAndReport(parts, { recipe: recipe.fsPath })
    },
    'sparsescope.dryRun': async (argument) => {
      const uri = await recipeOrPick(argument, t('Dry Run Recipe'))
      if (uri) trainablePanels.show({ kind: 'dryRun', uri })
    },
    'sparsescope.showTrainable': (argument) => showTrainable(parts, trainablePanels, argument),
    'sparsescope.openRun': async (argument) => {
      const folder = runTarget(argument) ?? (await pickRun(parts))
      if (!folder) return
      await runStore.refresh(folder)
      runPanels.show(folder)
    },
    'sparsescope.openReport': async (argument) => {
      const folder = runTarget(argument) ?? (await pickRun(parts))
      if (folder) await showReport(folder, services.extensionUri)
    },
    'sparsescope.cancelRun': async (argument) => {
      if (isQueued(argument)) return argument.cancel()
      const folder = runTarget(argument) ?? runStore.list().find(({ here }) => here !== null)?.place.folder
      if (folder) return runner.cancel(folder)
    },
    'sparsescope.pauseRun': async (argument) => {
      const folder = runTarget(argument)
      if (!folder) return
      const paused = (argument as { paused?: boolean }).paused ?? runStore.get(folder)?.status !== 'paused'
      await runner.pause(folder, paused)
    },
    'sparsescope.resumeRun': async (argument) => {
      if (!(await requireTrust(t('Running a recipe')))) return
      const folder = runTarget(argument)
      if (!folder) return
      if (runner.isLive(folder)) return void runPanels.show(folder)
      await runAndReport(parts, { recipe: join(folder, 'recipe.prune.yaml'), resume: folder })
    },
    'sparsescope.revealOutput': async (argument) => {
      const folder = runTarget(argument)
      // A run of a sweep may not have been read yet.
      const saved = folder && (await runStore.refresh(folder))?.saved
      if (saved) await vscode.commands.executeCommand('sparsescope.openOverview', await weightsOf(saved))
    },
    'sparsescope.deleteRun': async (argument) => {
      const folder = runTarget(argument)
      if (!folder) return
      if (runner.isLive(folder) || (await isHeld(folder)))
        throw new Error(t('{0} is running. Cancel it first.', basename(folder)))
      const remove = t('Delete')
      const question = t('Delete the events and the report of {0}? The saved model stays.', basename(folder))
      if ((await vscode.window.showWarningMessage(question, { modal: true }, remove)) !== remove) return
      const uri = vscode.Uri.file(folder)
      const toTrash = vscode.workspace.fs.delete(uri, { recursive: true, useTrash: true })
      // Remote machines have no trash, and refuse.
      await toTrash.then(undefined, () => vscode.workspace.fs.delete(uri, { recursive: true }))
      runStore.forget(folder)
    },
  } satisfies Handlers
}

/** The view opens as soon as the run has a folder. */
export async function runAndReport(parts: Parts, request: RunRequest, signal?: AbortSignal): Promise<RunOutcome> {
  const { runner, runPanels } = parts
  const running = runner.run({ ...request, onFolder: (folder) => runPanels.show(folder) }, signal)
  showQueued(runner)
  const outcome = await running
  await reportOutcome(parts, outcome)
  return outcome
}

/** How long the language server may take to lint a recipe that was not open, in milliseconds. */
const lintMs = 2000

/** Shows why a recipe cannot run, and on request the line of the first error. */
async function showErrors(recipe: vscode.Uri, errors: readonly string[]): Promise<void> {
  const first = await diagnosticOf(recipe, errors[0])
  const text = errorsText(basename(recipe.fsPath), errors, first ? first.range.start.line + 1 : null)
  const show = t('Show Problems')
  if ((await vscode.window.showErrorMessage(plainText(text), show)) !== show) return
  await vscode.window.showTextDocument(recipe, first ? { selection: first.range } : {})
  await vscode.commands.executeCommand('workbench.actions.view.problems')
}

/** The editor's diagnostic for an error; undefined if there is none within `lintMs`. */
async function diagnosticOf(recipe: vscode.Uri, error: string): Promise<vscode.Diagnostic | undefined> {
  const found = () => vscode.languages.getDiagnostics(recipe).find(({ message }) => message === error)
  if (!found()) {
    let listener: vscode.Disposable | undefined
    await new Promise<void>((resolve) => {
      listener = vscode.languages.onDidChangeDiagnostics(() => found() && resolve())
      setTimeout(resolve, lintMs)
    })
    listener?.dispose()
  }
  return found()
}

/** Runs continue while the window reloads. Takes over the runs in progress. */
export async function adoptRuns(parts: Parts): Promise<void> {
  for (const outcome of await parts.runner.adopt())
    void outcome.then((known) => reportOutcome(parts, known)).catch(parts.services.log.failed)
}

/** Notifies only when the view of the run is not in front. */
async function reportOutcome({ services, runPanels }: Parts, outcome: RunOutcome): Promise<void> {
  const { folder, status, message } = outcome
  if (status === 'done') reached('run')
  if (status === 'failed' && !folder) services.log.failed(new Error(message ?? t('The run failed.')))
  else if (folder && status !== 'cancelled' && !runPanels.isVisible(folder)) await notify(outcome, folder)
}

/** A queued run opens no view yet, so a message confirms it. */
function showQueued({ queue }: Parts['runner']): void {
  const last = queue.waiting().at(-1)
  if (!last || last.behind === null) return
  const cancel = t('Cancel It')
  void vscode.window.showInformationMessage(plainText(`${queuedText(last)}.`), cancel).then((chosen) => {
    if (chosen === cancel) last.cancel()
  })
}

async function notify({ status, message }: RunOutcome, folder: string): Promise<void> {
  const name = recipeName(folder)
  const [open, report] = [t('Open Run'), t('Open Report')]
  const done = status === 'done'
  const text = done ? resultText(name, await readResult(folder)) : `${name}: ${message ?? t('The run failed.')}`
  const show = done ? vscode.window.showInformationMessage : vscode.window.showErrorMessage
  void show(plainText(text), open, ...(done ? [report] : [])).then((chosen) => {
    if (chosen === open) void vscode.commands.executeCommand('sparsescope.openRun', { folder })
    if (chosen === report) void vscode.commands.executeCommand('sparsescope.openReport', { folder })
  })
}

/** Estimated seconds from which a run is confirmed first. */
const longSeconds = 600

/** Asks before a long run and shows its estimates. @throws Error if the output already exists. */
async function confirmed(plan: PlanSummary): Promise<boolean> {
  if (plan.saveTo && existsSync(plan.saveTo)) {
    throw new Error(t('{0} exists already and is never overwritten. Change save.to in the recipe.', plan.saveTo))
  }
  const { seconds, memoryBytes, diskBytes } = plan.estimates
  // Warnings are in the editor already, and frequent questions would be ignored.
  if (seconds === null || seconds < longSeconds) return true
  const run = t('Run')
  const [time, memory, disk] = [roughDuration(seconds), formatBytes(memoryBytes), formatBytes(diskBytes)]
  const facts = t('About {0}, {1} of memory, {2} on disk.', time, memory, disk)
  const detail = [facts, ...plan.warnings].join('\n')
  return (await vscode.window.showInformationMessage(t('Run this recipe?'), { modal: true, detail }, run)) === run
}

async function pickRun({ runStore }: Parts): Promise<string | undefined> {
  const items = runStore.listings().map(({ folder, name, time, status }) => {
    return { label: name, description: `${time} · ${status}`, folder }
  })
  const chosen = await vscode.window.showQuickPick(items, { placeHolder: t('Which run?') })
  return chosen?.folder
}

// The subject of the view that shows which weights train.
/** A run or a checkpoint that was clicked or is in front, else a recipe. */
export async function showTrainable(
  { runPanels, inspectors }: Parts,
  panels: TrainablePanels,
  argument: unknown,
): Promise<void> {
  // A command in the title of a webview's tab gets the URI of the tab, which is no file.
  const clicked = argument instanceof vscode.Uri && argument.scheme === 'webview-panel' ? undefined : argument
  const isInFront = clicked === undefined && recipeTarget(undefined) === undefined
  const folder = runTarget(clicked) ?? (isInFront ? runPanels.active : undefined)
  if (folder !== undefined) return panels.show({ kind: 'run', uri: vscode.Uri.file(folder) })
  const checkpoint = checkpointTarget(clicked, isInFront ? inspectors : null)
  if (checkpoint) return panels.show({ kind: 'result', uri: checkpoint })
  const recipe = await recipeOrPick(clicked, vscode.l10n.t('Show Which Weights Train'))
  if (recipe) panels.show({ kind: 'recipe', uri: recipe })
}
