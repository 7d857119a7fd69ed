// Asks where a sweep's runs are to run: here, so many at a time, or on the cluster whose login node this is.
import * as vscode from 'vscode'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { setting } from '../support/settings.ts'
import { slurmArguments } from './slurmArguments.ts'

const t = vscode.l10n.t

/** Arguments of `sweep run`; undefined when the person left. */
export async function askEngine(title: string): Promise<string[] | undefined> {
  if (!(await hasSlurm())) return askJobs(title)
  const here = { label: t('On this machine'), detail: t('Some runs at a time'), slurm: false }
  const cluster = {
    label: t('On Slurm'),
    detail: t('A job array with one run per task. The recipe, or else the settings, give partition, time and memory.'),
    slurm: true,
  }
  const chosen = await vscode.window.showQuickPick([cluster, here], { title, placeHolder: t('Where?') })
  if (!chosen) return undefined
  return chosen.slurm ? slurmEngine() : askJobs(title)
}

export function slurmEngine(): string[] {
  const settings = {
    partition: setting('slurm.partition'),
    account: setting('slurm.account'),
    qos: setting('slurm.qos'),
    constraint: setting('slurm.constraint'),
    time: setting('slurm.time'),
    memory: setting('slurm.memory'),
    cpus: setting('slurm.cpus'),
    gpus: setting('slurm.gpus'),
    atATime: setting('slurm.atATime'),
  }
  return ['--engine', 'slurm', ...slurmArguments(settings)]
}

/** Each of so many runs gets its share of threads and memory. */
async function askJobs(title: string): Promise<string[] | undefined> {
  const most = 64
  const isGood = (value: number) => Number.isInteger(value) && value >= 1 && value <= most
  const text = await vscode.window.showInputBox({
    title,
    prompt: t('Runs at a time; threads and memory are shared among them'),
    value: '1',
    validateInput: (value) => (isGood(Number(value)) ? undefined : t('A whole number from 1 to {0}', most)),
  })
  return text === undefined ? undefined : ['--engine', 'local', '--jobs', text]
}

/** Whether there is a cluster: Slurm's programs may be there without one, and then do not even tell their version. */
async function hasSlurm(): Promise<boolean> {
  const asked = promisify(execFile)('sbatch', ['--version'], { timeout: 10_000 })
  return asked.then(
    () => true,
    () => false,
  )
}
