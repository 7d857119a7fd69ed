// One item in the status bar: where it computes, and what is wrong when something is.
import * as vscode from 'vscode'
import { basename } from 'node:path'
import type { RunStore } from '../runs/runStore.ts'
import type { Services } from '../services.ts'
import { diagnosticsText } from './diagnostics.ts'

const t = vscode.l10n.t

export function createStatusItem(services: Services, runs: RunStore): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('sparsescope.status', vscode.StatusBarAlignment.Left, 0)
  item.name = 'SparseScope'
  item.command = 'sparsescope.showBackend'
  const update = () => {
    const { state } = services.supervisor
    const running = runs.list().find((r) => r.status === 'running')
    item.backgroundColor = undefined
    if (running) {
      const { overall } = running.picture
      const share = overall === null ? '' : ` ${Math.floor(100 * overall)} %`
      item.text = `$(sync~spin) ${running.name || basename(running.folder)}${share}`
      item.command = { command: 'sparsescope.openRun', title: '', arguments: [running] }
    } else {
      item.command = 'sparsescope.showBackend'
      item.text = idleText(state)
    }
    item.tooltip = diagnosticsText(services)
    // Nothing to say before it was used.
    if (state.kind === 'stopped' && !running) item.hide()
    else item.show()
  }
  update()
  return vscode.Disposable.from(item, services.supervisor.onState(update), runs.onChange(update))
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
