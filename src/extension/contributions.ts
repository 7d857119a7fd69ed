// Identifiers that package.json and the code share; a test compares the two.
import { views, type ViewName } from '../protocol/view.ts'
import { type PrecisionChoice, precisions } from '../recipe/modes.ts'

export const treeIds = { models: 'sparsescope.models', runs: 'sparsescope.runs' } as const

/** Steps that the user has completed; `sparsescope.did.…` as context keys. */
export const milestones = ['open', 'look', 'write', 'dryRun', 'run'] as const

export type Milestone = (typeof milestones)[number]

export const taskType = 'sparsescope'

/**
 * Whether VS Code would change this text in a task. It replaces `${…}` in the arguments and working directories of tasks, runs the
 * command of a `${command:…}`, and has no way to escape them.
 */
export function hasVariable(text: string): boolean {
  return text.includes('${')
}

export const recipeLanguage = 'prune-recipe'

/** Makes the names of tools unique among all extensions, as VS Code requires. */
export const toolPrefix = 'sparsescope_'

export const mcpProviderId = 'sparsescope.mcp'

/** Commands that open no view of their own; those that do are in the rows of views. */
const otherCommandIds = [
  'sparsescope.pull',
  'sparsescope.recover',
  'sparsescope.selectForCompare',
  'sparsescope.compareWithSelected',
  'sparsescope.computeStatistics',
  'sparsescope.exportView',
  'sparsescope.exportTable',
  'sparsescope.exportGguf',
  'sparsescope.copyTensorName',
  'sparsescope.copyTarget',
  'sparsescope.newRecipe',
  'sparsescope.runRecipe',
  'sparsescope.runSweep',
  'sparsescope.cancelSweep',
  'sparsescope.goOnSweep',
  'sparsescope.reportSweep',
  'sparsescope.compareRuns',
  'sparsescope.openExperiments',
  'sparsescope.dryRun',
  'sparsescope.cancelRun',
  'sparsescope.pauseRun',
  'sparsescope.resumeRun',
  'sparsescope.openReport',
  'sparsescope.revealOutput',
  'sparsescope.deleteRun',
  'sparsescope.refresh',
  'sparsescope.restartBackend',
  'sparsescope.selectAdapter',
  'sparsescope.showBackend',
  'sparsescope.showLog',
  'sparsescope.copyDiagnostics',
  'sparsescope.openWalkthrough',
  'sparsescope.openSample',
] as const

export type CommandId = (typeof otherCommandIds)[number] | (typeof views)[ViewName]['opens']['command']

export const commandIds: readonly CommandId[] = [
  ...Object.values(views).map(({ opens }) => opens.command),
  ...otherCommandIds,
]

/** Settings and their defaults, by key below `sparsescope.`. */
export const settingDefaults = {
  'backend.nodePath': '',
  'backend.device': 'auto' as 'auto' | 'cpu' | 'wgpu',
  'backend.adapter': '',
  'backend.threads': 0,
  'backend.memoryLimit': '',
  'backend.deviceMemory': '',
  'backend.precision': 'auto' as PrecisionChoice,
  'statistics.autoCompute': 'small' as 'never' | 'small' | 'always',
  'statistics.smallGiB': 4,
  'view.palette': 'viridis' as 'viridis' | 'cividis' | 'greys',
  'chart.smoothing': 0.6,
  'chart.maxPoints': 2000,
  'recipe.severities': {} as Record<string, 'error' | 'warning' | 'info' | 'hint' | 'off'>,
  'recipe.codeLens': true,
  'recipe.inlayHints': true,
}

/** Settings that take one of some words, with the words. */
export const settingWords: Readonly<Partial<Record<keyof typeof settingDefaults, readonly string[]>>> = {
  'backend.device': ['auto', 'cpu', 'wgpu'],
  'backend.precision': precisions,
  'statistics.autoCompute': ['never', 'small', 'always'],
  'view.palette': ['viridis', 'cividis', 'greys'],
}
