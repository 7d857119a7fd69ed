// Slurm as the engine of a sweep: a job array with one run per task. Slurm is queried in an explicit text format, and only for jobs that
// are alive: the progress of a run is in its folder. Jobs are found by their name, so nothing is lost with the process that submitted
// them. A task is identified by its array's job id and its index, since the last task's own job id is that of the array.
import { shellWord } from '../../formatting/printable.ts'
import { execFile } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseByteSize } from '../../formatting/numbers.ts'
import { EngineError } from '../errors.ts'
import { errnoOf } from '../../system/diskErrors.ts'
import { writeAtomic } from '../../system/atomicFile.ts'
import { makeOwnFolders } from '../../system/ownFile.ts'
import type { Sweep } from './openSweep.ts'

export interface AliveTask {
  /** `job_index`, as scancel takes it. */
  readonly id: string
  /** The process has ended or is about to. Whether Slurm starts it again, as after a requeue, is known only once it has ended. */
  readonly isEnding: boolean
}

/** By index of the run. A run may be in two arrays, one of them ending. */
export type AliveTasks = ReadonlyMap<number, readonly AliveTask[]>

export function isSubmitted({ folder }: Sweep): boolean {
  return existsSync(join(folder.slurm, 'run.sh'))
}

const jobName = ({ id }: Sweep) => `sparsescope-${id}`

/** `command`: the command of one run without its index. Returns the id of the array. @throws EngineError 'usage' with what sbatch says. */
export async function submit(sweep: Sweep, indices: readonly number[], command: readonly string[]): Promise<string> {
  const { folder, slurm } = sweep
  await makeOwnFolders(folder.path, folder.slurm)
  const script = join(folder.slurm, 'run.sh')
  await writeAtomic(script, [scriptText(command)])
  const { partition, account, qos, constraint, time, memory, cpus = 1, gpus, at_a_time: most } = slurm
  const given = Object.entries({ partition, account, qos, constraint, time })
  const options = [
    '--parsable',
    `--job-name=${jobName(sweep)}`,
    `--array=${indices.join(',')}${most === undefined ? '' : `%${most}`}`,
    `--output=${join(folder.slurm.replaceAll('%', '%%'), '%A_%a.out')}`,
    '--open-mode=append',
    // Slurm sends TERM to the script 60 s before the time limit, and the script passes it on to the run.
    '--signal=B:TERM@60',
    '--requeue',
    `--chdir=${folder.path}`,
    `--cpus-per-task=${cpus}`,
    ...(memory === undefined ? [] : [`--mem=${Math.ceil((parseByteSize(memory) ?? 0) / 2 ** 20)}M`]),
    ...(gpus === undefined ? [] : [`--gres=gpu:${gpus}`]),
    ...given.flatMap(([key, value]) => (value === undefined ? [] : [`--${key}=${value}`])),
  ]
  const answer = await slurmSays('sbatch', [...options, script])
  return answer.trim().split(';')[0]
}

/** Slurm sends TERM only to the shell, which passes it on. After a requeue the same command resumes the run. */
function scriptText(command: readonly string[]): string {
  const line = command.map(shellWord).join(' ')
  return `#!/bin/bash
trap 'kill -TERM "$run" 2>/dev/null' TERM
${line} --index "$SLURM_ARRAY_TASK_ID" </dev/null &
run=$!
wait "$run"
status=$?
# A signal ends the first wait before the run has ended.
while kill -0 "$run" 2>/dev/null; do wait "$run"; status=$?; done
exit "$status"
`
}

const over = /^(?:COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL|BOOT_FAIL|DEADLINE|OUT_OF_MEMORY|PREEMPTED|REVOKED)$/

/** Tasks that are running, will run, or may run again. @throws EngineError 'usage' when Slurm does not answer. */
export async function aliveTasks(sweep: Sweep): Promise<AliveTasks> {
  const format = ['--noheader', '--array', '--states=all', `--name=${jobName(sweep)}`, '--format=%F|%K|%T|%Z']
  const text = await slurmSays('squeue', format)
  // Jobs of a copy of the project have the same name. Those whose working folder is this sweep's are ours.
  const real = (path: string) => realpath(path).catch(() => path)
  const here = await real(sweep.folder.path)
  const folders = new Set(text.split('\n').map(folderOf))
  const ours = new Set<string>()
  for (const folder of folders) if ((await real(folder)) === here) ours.add(folder)
  return parseTasks(text, (folder) => ours.has(folder))
}

const taskLine = /^(\d+)\|(\d+)\|([A-Z_]+)(?:\|(.*))?$/

/** Removes only the line end, since a folder's name may begin or end with a space. */
const withoutEnd = (line: string): string => line.replace(/\r$/, '')

const folderOf = (line: string): string => taskLine.exec(withoutEnd(line))?.[4] ?? ''

/** Lines of `array job|index|state|folder`. */
export function parseTasks(text: string, isOurs: (folder: string) => boolean = () => true): AliveTasks {
  const tasks = new Map<number, AliveTask[]>()
  for (const line of text.split('\n')) {
    const [, job, task, state, folder = ''] = taskLine.exec(withoutEnd(line)) ?? []
    if (job === undefined || over.test(state) || !isOurs(folder)) continue
    const index = Number(task)
    tasks.set(index, [...(tasks.get(index) ?? []), { id: `${job}_${task}`, isEnding: state === 'COMPLETING' }])
  }
  return tasks
}

/** @throws EngineError with what scancel says. */
export async function cancelTasks(tasks: readonly AliveTask[]): Promise<void> {
  if (tasks.length > 0)
    await slurmSays(
      'scancel',
      tasks.map(({ id }) => id),
    )
}

/** Leaves out variables that change squeue's answers, such as SQUEUE_PARTITION: a task that is not listed would be taken for finished. */
function plainSurroundings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SQUEUE_')))
}

async function slurmSays(program: string, args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(program, args, { maxBuffer: 2 ** 26, env: plainSurroundings() })).stdout
  } catch (error) {
    if (errnoOf(error) === 'ENOENT')
      throw new EngineError(
        'usage',
        `${program} is not on PATH: run this where Slurm is installed, or use --engine local`,
      )
    const { stderr = '' } = error as { stderr?: string }
    const said = stderr.trim().replace(/\s*\n\s*/g, ' ') || String(error)
    throw new EngineError('usage', `${program} refused: ${said}`, { cause: error })
  }
}
