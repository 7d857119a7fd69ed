// Runs the extension's command line in the extension host's Node, for what takes no computing: `sweep status`, `sweep cancel`, `report`.
import * as vscode from 'vscode'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { existsSync } from 'node:fs'
import type { AskQueued } from './sweeps.ts'

/** Output of a command with `--json`. @throws Error with the command's message. */
export async function commandLine(extension: vscode.Uri, args: readonly string[]): Promise<unknown> {
  const cli = join(extension.fsPath, 'dist', 'cli.mjs')
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' }
  try {
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, [cli, ...args, '--json'], { env, maxBuffer: 2 ** 28 })
    return JSON.parse(stdout)
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    throw new Error(stderr.trim() || String(error), { cause: error })
  }
}

const askEveryMs = 30_000
const none: ReadonlySet<number> = new Set()

/**
 * Asks which runs of a sweep have not been started yet. Only Slurm is asked, at most every 30 s, and never in an untrusted workspace,
 * because that runs Slurm's programs.
 */
export function createAskQueued(extension: vscode.Uri): AskQueued {
  const answers = new Map<string, { at: number; queued: Promise<ReadonlySet<number>> }>()
  return (folder) => {
    if (!vscode.workspace.isTrusted || !isSubmitted(folder)) return Promise.resolve(none)
    const known = answers.get(folder)
    if (known && Date.now() - known.at < askEveryMs) return known.queued
    // If Slurm is not installed here or the sweep is damaged, the states come from the folder alone.
    const queued = commandLine(extension, ['sweep', 'status', folder]).then(waitingIn, () => none)
    answers.set(folder, { at: Date.now(), queued })
    return queued
  }
}

/** Whether a sweep was submitted to Slurm: the script of its job array then exists. */
export function isSubmitted(folder: string): boolean {
  return existsSync(join(folder, 'slurm', 'run.sh'))
}

function waitingIn(table: unknown): ReadonlySet<number> {
  const { runs } = table as { runs: { index: number; state: string }[] }
  return new Set(runs.filter(({ state }) => state === 'waiting').map(({ index }) => index))
}
