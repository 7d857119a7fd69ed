// One item in the status bar: the run that goes on, else the device, and what is wrong when something is.
import * as vscode from 'vscode'
import type { RunQueue } from '../runs/runQueue.ts'
import type { RunStore } from '../runs/runStore.ts'
import type { Services } from '../services.ts'
import { diagnosticsText } from './diagnostics.ts'
import { runStatusText } from '../runs/runStatusText.ts'

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
