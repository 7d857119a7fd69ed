// What VS Code keeps for the extension: settings, typed by their defaults, trust in the workspace, and steps of the walkthrough.
import * as vscode from 'vscode'
import { parseByteSize } from '../../formatting/numbers.ts'
import type { ViewSettings } from '../../protocol/view.ts'
import { type Milestone, settingDefaults, settingWords } from '../contributions.ts'

type Settings = typeof settingDefaults

/** A value of another type than its default, or an unknown word, counts as not set, because VS Code does not check settings.json. */
export function setting<K extends keyof Settings>(key: K): Settings[K] {
  const value = vscode.workspace.getConfiguration('sparsescope').get<Settings[K]>(key)
  const isKnown = settingWords[key]?.includes(String(value)) ?? true
  return isKnown && typeof value === typeof settingDefaults[key] ? (value as Settings[K]) : settingDefaults[key]
}

/** Bytes that the backend may use; null: its own default. */
export function memoryLimit(): number | null {
  const text = setting('backend.memoryLimit').trim()
  return text === '' ? null : parseByteSize(text)
}

/** The maximum in package.json. */
const largestSmoothing = 0.99

export function viewSettings(): ViewSettings {
  return {
    palette: setting('view.palette'),
    // A weight of 1 would leave no mean of any value.
    smoothing: Math.min(largestSmoothing, Math.max(0, setting('chart.smoothing'))),
    maxPoints: setting('chart.maxPoints'),
    trusted: vscode.workspace.isTrusted,
  }
}

export function onSettingChange(keys: (keyof Settings)[], changed: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (keys.some((key) => event.affectsConfiguration(`sparsescope.${key}`))) changed()
  })
}

/**
 * An untrusted workspace allows inspecting but not running, because its recipes name untrusted files. Offers to manage trust there.
 * True when running is allowed.
 */
export async function requireTrust(what: string): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true
  const manage = vscode.l10n.t('Manage Workspace Trust')
  const message = vscode.l10n.t('{0} needs a trusted workspace.', what)
  const chosen = await vscode.window.showWarningMessage(message, manage)
  if (chosen === manage) await vscode.commands.executeCommand('workbench.trust.manage')
  return vscode.workspace.isTrusted
}

/** Ticks off a step of the walkthrough, by a context key. */
export function reached(milestone: Milestone): void {
  void vscode.commands.executeCommand('setContext', `sparsescope.did.${milestone}`, true)
}
