// Lets a person choose the device from those of this machine instead of typing it into the settings.
import * as vscode from 'vscode'
import type { AdapterName } from '../../protocol/rpc.ts'
import type { Services } from '../services.ts'
import { setting } from '../support/settings.ts'

const t = vscode.l10n.t

interface Item extends vscode.QuickPickItem {
  device: 'auto' | 'cpu' | 'wgpu'
  adapter: string
}

/** Asks, and writes both settings where this machine's are kept; what listens to settings offers the restart. */
export async function selectAdapter({ call, log }: Services): Promise<void> {
  const items: Promise<Item[]> = call('adapters', null).then(itemsOf, (error: unknown) => {
    log.failed(error)
    return itemsOf([])
  })
  const chosen = await vscode.window.showQuickPick(items, {
    title: t('Where to compute'),
    placeHolder: t('Asking the graphics drivers…'),
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
      detail: t('The fastest GPU when there is a real one, else the CPU'),
      device: 'auto',
      adapter: '',
    },
    {
      label: t('CPU'),
      detail: t("All cores, the system's BLAS where there is one"),
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
