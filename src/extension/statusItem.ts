// The item in the status bar, which shows the run in progress, else the device or a problem; its menu, the choice of the device, and
// the facts for a bug report.
import * as vscode from 'vscode'
import { cpus, homedir, totalmem } from 'node:os'
import type { RunQueue } from './runs/runQueue.ts'
import type { RunStore } from './runs/runStore.ts'
import type { Services } from './services.ts'
import { runStatusText } from './runs/runTexts.ts'
import { formatBytes } from '../formatting/numbers.ts'
import { describeRuntime } from './backend/runtime.ts'
import type { AdapterName } from '../protocol/rpc.ts'
import { setting } from './support/settings.ts'
import type { CommandId } from './contributions.ts'

const t = vscode.l10n.t

export function createStatusItem(services: Services, runs: RunStore, queue: RunQueue): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('sparsescope.status', vscode.StatusBarAlignment.Left, 0)
  item.name = 'SparseScope'
  const update = () => {
    const { state } = services.supervisor
    const busy = runStatusText(runs.list(), queue.waiting())
    item.text = busy?.text ?? idleText(state)
    item.tooltip = busy?.tooltip ?? diagnosticsText(services)
    item.command = busy?.run
      ? { command: 'sparsescope.openRun', title: '', arguments: [{ folder: busy.run.place.folder }] }
      : 'sparsescope.showBackend'
    // There is nothing to show before the first use.
    if (state.kind === 'stopped' && !busy) item.hide()
    else item.show()
  }
  update()
  return vscode.Disposable.from(
    item,
    services.supervisor.onState(update),
    runs.onChange(update),
    queue.onChange(update),
  )
}

function idleText(state: Services['supervisor']['state']): string {
  switch (state.kind) {
    case 'stopped':
      return '$(layers) SparseScope'
    case 'starting':
      return t('$(loading~spin) SparseScope')
    case 'failed':
      return t('$(warning) SparseScope: backend stopped')
    case 'ready':
      return state.device ? `$(layers) ${state.device.description}` : '$(layers) SparseScope'
  }
}

/** Facts for a bug report: versions, runtime and device; no paths, no names, no weights. */
export function diagnosticsText({ supervisor, version }: Services): string {
  const { state } = supervisor
  const lines = [
    `SparseScope ${version}`,
    `VS Code ${vscode.version}, ${vscode.env.appHost}${vscode.env.remoteName ? ', remote' : ''}`,
    `${process.platform} ${process.arch}, ${cpus().length} cores, ${formatBytes(totalmem())} memory`,
    `workspace trusted: ${vscode.workspace.isTrusted ? 'yes' : 'no'}`,
    `backend: ${state.kind}`,
  ]
  if (state.kind === 'failed') lines.push(withoutPaths(state.message, homedir()))
  if (state.kind === 'ready') {
    lines.push(`runs on ${describeRuntime(state.runtime)}, Node ${state.hello.node}`)
    if (state.device) {
      lines.push(`device: ${state.device.device}, ${state.device.description}`)
      lines.push(...state.device.reasons.map((r) => `  ${withoutPaths(r, homedir())}`))
    }
  }
  return lines.join('\n')
}

/** Removes paths from a message for a public report. Folder names may contain any character, including spaces. */
export function withoutPaths(text: string, home: string): string {
  const withoutHome = home.length > 1 ? text.replaceAll(home, '<path>') : text
  // The last name of a path is cut at a space, because the rest of the message may follow.
  return withoutHome.replace(/(?:[A-Za-z]:)?[\\/](?:[^\\/:*?"<>|\n()]+[\\/])*[^\\/\s:*?"<>|()]+/gu, '<path>')
}

interface Item extends vscode.QuickPickItem {
  device: 'auto' | 'cpu' | 'wgpu'
  adapter: string
}

/** Asks for a device of this machine and writes both settings to its settings file. The settings listener offers the restart. */
export async function selectAdapter({ call, log }: Services): Promise<void> {
  const items: Promise<Item[]> = call('adapters', null).then(itemsOf, (error: unknown) => {
    log.failed(error)
    return itemsOf([])
  })
  const chosen = await vscode.window.showQuickPick(items, {
    title: t('Where to compute'),
    placeHolder: t('Querying the graphics drivers…'),
    matchOnDescription: true,
  })
  if (!chosen) return
  const configuration = vscode.workspace.getConfiguration('sparsescope')
  await configuration.update('backend.adapter', chosen.adapter, vscode.ConfigurationTarget.Global)
  await configuration.update('backend.device', chosen.device, vscode.ConfigurationTarget.Global)
}

function itemsOf(adapters: readonly AdapterName[]): Item[] {
  const items: Item[] = [
    {
      label: t('Automatic'),
      detail: t('The fastest GPU if the machine has one, else the CPU'),
      device: 'auto',
      adapter: '',
    },
    {
      label: t('CPU'),
      detail: t("All cores, and the system's BLAS if it is installed"),
      device: 'cpu',
      adapter: '',
    },
    ...adapters.map(({ name, software }): Item => ({
      label: name,
      detail: software ? t('A driver that computes on the CPU: slower than the CPU backend') : t('GPU'),
      device: 'wgpu',
      adapter: name,
    })),
  ]
  const [device, adapter] = [setting('backend.device'), setting('backend.adapter')]
  return items.map((item) =>
    item.device === device && item.adapter === adapter ? { ...item, description: t('now') } : item,
  )
}

/** Actions that interrupt runs come last. */
interface MenuItem {
  readonly label: string
  readonly command: CommandId | 'workbench.action.openSettings'
  readonly argument?: string
}

export const menuItems: readonly MenuItem[] = [
  { label: '$(circuit-board) Choose Where to Compute…', command: 'sparsescope.selectAdapter' },
  {
    label: '$(settings-gear) Threads and Memory…',
    command: 'workbench.action.openSettings',
    argument: 'sparsescope.backend',
  },
  { label: '$(output) Show Log', command: 'sparsescope.showLog' },
  { label: '$(copy) Copy Diagnostics', command: 'sparsescope.copyDiagnostics' },
  { label: '$(debug-restart) Restart Backend', command: 'sparsescope.restartBackend' },
]
