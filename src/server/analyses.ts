// One analysis of each open recipe, shared by all features and made again when the text, a setting or a file changes.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import { lintText } from '../engine/facts/recipeFacts.ts'
import { noFacts, type LintFacts } from '../recipe/facts.ts'
import { type LintResult, findRule } from '../lint/lint.ts'
import { planRecipe } from '../plan/planRecipe.ts'
import { estimateSweepOf, type SweepEstimates } from '../runs/compared/sweepEstimates.ts'
import type { PlanSummary } from '../plan/planSummary.ts'
import type { Severity } from '../recipe/finding.ts'
import { fieldsOf, isRecord } from '../catalog/formats/json.ts'

export interface Analysis extends LintResult {
  /** Null where the text is not a SparseScope recipe, or is invalid. */
  facts: LintFacts | null
  plan: PlanSummary | null
  /** Estimate of all its runs; null without a valid sweep. */
  sweep: SweepEstimates | null
  /** Folder of the recipe; null for a document that has no place on disk yet. */
  folder: string | null
}

/** An analysis older than this is made again: editors watch only their workspace, and models may be elsewhere. */
const maxAgeMs = 5000

interface Entry {
  version: number
  /** When it was made. */
  at: number
  result: Promise<Analysis>
}

export function createAnalyses(settings: () => Settings) {
  const entries = new Map<string, Entry>()
  return {
    of(document: TextDocument): Promise<Analysis> {
      const known = entries.get(document.uri)
      const now = Date.now()
      if (known?.version === document.version && now - known.at < maxAgeMs) return known.result
      const result = analyse(document, settings())
      entries.set(document.uri, { version: document.version, at: now, result })
      return result
    },
    /** A file or setting changed: look again. Headers of unchanged files stay remembered. */
    invalidate: () => entries.clear(),
    close: (uri: string) => void entries.delete(uri),
  }
}

/**
 * Path of a document; null if it has none yet. An unsaved document may already have the path to which it will be saved. After a reload
 * of a remote window, its URI also names the server, as in `untitled://wsl%2Bubuntu/home/me/new.prune.yaml`; only the path counts.
 */
function pathOf(uri: string): string | null {
  const file = uri.replace(/^untitled:(?:\/\/[^/]*)?(?=\/)/, 'file://')
  return file.startsWith('file:') ? fileURLToPath(file) : null
}

async function analyse(document: TextDocument, { severities }: Settings): Promise<Analysis> {
  const path = pathOf(document.uri)
  const folder = path === null ? null : dirname(path)
  const result = await lintText(document.getText(), { folder, severities })
  const { facts, context, findings } = result
  const plan = facts?.model?.modelConfig ? planRecipe(path ?? '', context.resolved, facts, findings) : null
  const sweep = context.recipe.sweep ? estimateSweepOf(context.recipe, facts ?? noFacts) : null
  return { ...result, folder, plan, sweep }
}

/** Other YAML files are sent to this server too; only recipes get answers. */
export const recipeLanguage = 'prune-recipe'

/** The user's settings of linting. */
export interface Settings {
  severities: Record<string, Severity | 'off'>
  inlayHints: boolean
  codeLens: boolean
}

export const defaultSettings: Settings = { severities: {}, inlayHints: true, codeLens: true }

const known: readonly unknown[] = ['error', 'warning', 'info', 'hint', 'off']

/** Ignores invalid values, because users edit settings as JSON. `section` is the value of the setting `sparsescope.recipe`. */
export function readSettings(section: unknown): Settings {
  if (!isRecord(section)) return defaultSettings
  const severities: Settings['severities'] = {}
  for (const [rule, severity] of Object.entries(fieldsOf(section.severities))) {
    if (findRule(rule) && known.includes(severity)) severities[rule] = severity as Severity | 'off'
  }
  const { inlayHints, codeLens } = section
  return { severities, inlayHints: inlayHints !== false, codeLens: codeLens !== false }
}
