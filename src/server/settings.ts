// The user's settings of linting, read defensively: settings are JSON that people edit.
import type { Severity } from '../recipe/finding.ts'
import { findRule } from '../lint/lint.ts'
import { fieldsOf, isRecord } from '../catalog/formats/json.ts'

export interface Settings {
  severities: Record<string, Severity | 'off'>
  inlayHints: boolean
  codeLens: boolean
}

export const defaultSettings: Settings = { severities: {}, inlayHints: true, codeLens: true }

const known: readonly unknown[] = ['error', 'warning', 'info', 'hint', 'off']

/** `section` is the value of the setting `sparsescope.recipe`. */
export function readSettings(section: unknown): Settings {
  if (!isRecord(section)) return defaultSettings
  const severities: Settings['severities'] = {}
  for (const [rule, severity] of Object.entries(fieldsOf(section.severities))) {
    if (findRule(rule) && known.includes(severity)) severities[rule] = severity as Severity | 'off'
  }
  const { inlayHints, codeLens } = section
  return { severities, inlayHints: inlayHints !== false, codeLens: codeLens !== false }
}
