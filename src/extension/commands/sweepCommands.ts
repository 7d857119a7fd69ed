// Commands on sweeps, and on several runs.
import * as vscode from 'vscode'
import { join } from 'node:path'
import type { Sweep } from '../sweeps/sweeps.ts'
import { shellWord } from '../../formatting/printable.ts'
import { countsText } from '../../runs/compared/comparisonTable.ts'
import { commandLine, isSubmitted } from '../sweeps/commandLine.ts'
import { sweepTask } from '../sweeps/sweepTask.ts'
import { showReport } from '../runs/runPanels.ts'
import { requireTrust } from '../support/settings.ts'
import { type Handlers, type Parts, recipeOrPick, runTargets, savedRecipe, sweepTarget } from './targets.ts'

const t = vscode.l10n.t

export function sweepCommands(parts: Parts) {
  const { services, sweeps, sweepPanels } = parts
  const { extensionUri } = services
  /** `doing`: what needs a trusted workspace; null: nothing does. */
  const ofSweep =
    (title: string, doing: string | null, act: (folder: string) => unknown) => async (argument: unknown) => {
      if (doing !== null && !(await requireTrust(doing))) return
      const folder = sweepTarget(argument) ?? (await pickSweep(parts, title))
      if (folder) await act(folder)
    }
  return {
    'sparsescope.runSweep': async (argument) => {
      if (!(await requireTrust(t('Running a sweep')))) return
      const chosen = await recipeOrPick(argument, t('Run Sweep'))
      const recipe = chosen && (await savedRecipe(chosen))
      const engine = recipe && (await askJobs(t('Run Sweep')))
      if (!recipe || !engine) return
      const { folder, ended } = await sweepTask(services, recipe, engine)
      void folder.then((sweep) => sweep !== null && sweepPanels.show({ sweep }))
      await ended
    },
    'sparsescope.openSweep': ofSweep(t('Open Sweep'), null, (sweep) => sweepPanels.show({ sweep })),
    'sparsescope.cancelSweep': ofSweep(t('Cancel Sweep'), t('Cancelling a sweep'), async (folder) => {
      await commandLine(extensionUri, ['sweep', 'cancel', folder])
      sweeps.lookAt(folder)
    }),
    'sparsescope.goOnSweep': ofSweep(t('Continue Sweep'), t('Running a sweep'), async (folder) => {
      if (isSubmitted(folder))
        throw new Error(
          t(
            'This sweep runs on Slurm. Continue it in a terminal: {0}',
            `sparsescope sweep run ${shellWord(folder)} --engine slurm`,
          ),
        )
      const engine = await askJobs(t('Continue Sweep'))
      if (!engine) return
      sweepPanels.show({ sweep: folder })
      const { ended } = await sweepTask(services, vscode.Uri.file(folder), engine)
      await ended
    }),
    'sparsescope.reportSweep': ofSweep(t('Report of Sweep'), t('Writing a report'), async (folder) => {
      await commandLine(extensionUri, ['report', folder, '--html', join(folder, 'report.html')])
      await showReport(folder, extensionUri)
    }),
    'sparsescope.openExperiments': () => sweepPanels.show({ experiments: true }),
    'sparsescope.exportTable': () => sweepPanels.exportTable(),
    'sparsescope.compareRuns': async (argument, all) => {
      const folders = runTargets(argument, all)
      const runs = folders.length > 1 ? folders : await pickRuns(parts, folders)
      if (runs.length > 1) sweepPanels.show({ runs })
    },
  } satisfies Handlers
}

/** Asks how many runs to start at a time, which share threads and memory. Arguments of `sweep run`; undefined: the user cancelled. */
async function askJobs(title: string): Promise<string[] | undefined> {
  const most = 64
  const isGood = (value: number) => Number.isInteger(value) && value >= 1 && value <= most
  const text = await vscode.window.showInputBox({
    title,
    prompt: t('Runs at a time; threads and memory are shared among them'),
    value: '1',
    validateInput: (value) => (isGood(Number(value)) ? undefined : t('A whole number from 1 to {0}', most)),
  })
  return text === undefined ? undefined : ['--engine', 'local', '--jobs', text]
}

async function pickSweep({ sweeps }: Parts, title: string): Promise<string | undefined> {
  const items = (await sweeps.found()).map((sweep) => ({ label: sweep.name, description: describe(sweep), sweep }))
  if (items.length === 0)
    throw new Error(t('There is no sweep in this workspace yet: add `sweep` to a recipe and choose Run Sweep.'))
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder: t('Which sweep?') })
  return chosen?.sweep.folder
}

function describe({ time, runs }: Sweep): string {
  return [time, countsText(runs.runs.map(({ state }) => state.standing.state))].filter(Boolean).join(' · ')
}

/** Asks for the runs when called from the palette or with a single run (`chosen`), which is then preselected. */
async function pickRuns({ runStore, sweeps }: Parts, chosen: readonly string[]): Promise<string[]> {
  const own = runStore.list().filter(({ sweep }) => sweep === null)
  const ofSweeps = (await sweeps.found()).flatMap(({ name, runs }) => runs.runs.map((run) => ({ name, run })))
  const items = [
    ...own.map(({ place, name, time, status }) => {
      return { label: name, description: `${time} · ${status}`, folder: place.folder }
    }),
    ...ofSweeps
      .filter(({ run }) => run.state.isBegun)
      .map(({ name, run: { place, named, state } }) => {
        return { label: named.label, description: `${name} · ${state.standing.state}`, folder: place.folder }
      }),
  ].map((item) => ({ ...item, picked: chosen.includes(item.folder) }))
  if (items.length < 2) throw new Error(t('This workspace has fewer than two runs to compare.'))
  const options = { title: t('Compare Runs'), placeHolder: t('Runs to compare'), canPickMany: true } as const
  return ((await vscode.window.showQuickPick(items, options)) ?? []).map(({ folder }) => folder)
}
