// Settings, typed by their defaults.
import * as vscode from 'vscode'
import { parseByteSize } from '../../formatting/numbers.ts'
import type { ViewSettings } from '../../protocol/view.ts'
import { settingDefaults } from '../contributions.ts'

type Settings = typeof settingDefaults

/** A value of another type than its default's counts as not set: nobody checks what settings.json says. */
export function setting<K extends keyof Settings>(key: K): Settings[K] {
  const value = vscode.workspace.getConfiguration('sparsescope').get<Settings[K]>(key)
  return typeof value === typeof settingDefaults[key] ? (value as Settings[K]) : settingDefaults[key]
}

/** Bytes that the backend may use; null: its own default. */
export function memoryLimit(): number | null {
  const text = setting('backend.memoryLimit').trim()
  return text === '' ? null : parseByteSize(text)
}

export function viewSettings(): ViewSettings {
  return {
    palette: setting('view.palette'),
    smoothing: setting('chart.smoothing'),
    maxPoints: setting('chart.maxPoints'),
    trusted: vscode.workspace.isTrusted,
  }
}

export function onSettingChange(keys: (keyof Settings)[], changed: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (keys.some((key) => event.affectsConfiguration(`sparsescope.${key}`))) changed()
  })
}
