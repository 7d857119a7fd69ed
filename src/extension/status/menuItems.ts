// The status item's menu. What interrupts runs stands last, so that nobody chooses it by accident.
import type { CommandId } from '../contributions.ts'

export interface MenuItem {
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
