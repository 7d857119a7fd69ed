// Which runs of a sweep its engine will still begin. Only Slurm's are asked for, now and then, and never in a workspace that
// is not trusted: it takes running its programs.
import * as vscode from 'vscode'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { commandLine } from './commandLine.ts'
import type { AskQueued } from './sweeps.ts'

const askEveryMs = 30_000
const none: ReadonlySet<number> = new Set()

export function createAskQueued(extension: vscode.Uri): AskQueued {
  const answers = new Map<string, { at: number; queued: Promise<ReadonlySet<number>> }>()
  return (folder) => {
    if (!vscode.workspace.isTrusted || !isSubmitted(folder)) return Promise.resolve(none)
    const known = answers.get(folder)
    if (known && Date.now() - known.at < askEveryMs) return known.queued
    // A login node without Slurm, or a sweep that is damaged: then the folder alone speaks.
    const queued = commandLine(extension, ['sweep', 'status', folder]).then(waitingIn, () => none)
    answers.set(folder, { at: Date.now(), queued })
    return queued
  }
}

/** The job array's script is there once Slurm has been given it. */
export function isSubmitted(folder: string): boolean {
  return existsSync(join(folder, 'slurm', 'run.sh'))
}

function waitingIn(table: unknown): ReadonlySet<number> {
  const { runs } = table as { runs: { index: number; state: string }[] }
  return new Set(runs.filter(({ state }) => state === 'waiting').map(({ index }) => index))
}
