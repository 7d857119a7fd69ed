// A Slurm of one node, of this test alone: own folder, own ports, no systemd, no munge, no cgroups, no database. One at a time on
// a machine: where its commands get their credentials is compiled into them (/run/slurm/sack.socket).
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, openSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { availableParallelism, hostname, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { scratch } from './scratch.ts'
import { cannot, lacks } from './skip.ts'

export interface TestSlurm {
  /** Environment that every command needs. */
  readonly env: Readonly<Record<string, string>>
  /** The node's daemon, to be killed. */
  killNode(): void
  startNode(): Promise<void>
  stop(): Promise<void>
}

const has = (program: string, ...args: string[]) => spawnSync(program, args).error === undefined

/** Why Slurm cannot run here; null: it can. */
function noSlurm(): string | null {
  const missing = ['slurmctld', 'slurmd', 'sbatch'].filter((program) => !has(program, '-V'))
  return missing.length > 0 ? `${missing.join(', ')} missing (apt-get install slurmctld slurmd slurm-client)` : null
}

/** Longest turn of another process. */
const turnMs = 900_000

/** Nobody else on this machine has it; below the ports of a Slurm. */
const turnPort = 19_998

/** Waits until no other process of this machine has a Slurm. The turn ends with the process too. */
async function takeTurn(): Promise<Server> {
  for (;;) {
    const server = createServer()
    const taken = new Promise<boolean>((resolve) => {
      server.once('listening', () => resolve(true)).once('error', () => resolve(false))
    })
    server.listen(turnPort, '127.0.0.1')
    if (await taken) return server.unref()
    await sleep(500)
  }
}

/** Gives a suite's `before` its Slurm, once its turn has come. */
export async function slurmFor(test: Mocha.Context): Promise<TestSlurm> {
  if (process.getuid?.() !== 0) cannot(test, 'a Slurm of its own needs root')
  const missing = noSlurm()
  if (missing !== null) lacks(test, missing)
  test.timeout(turnMs)
  return startSlurm()
}

async function startSlurm(): Promise<TestSlurm> {
  const turn = await takeTurn()
  const folder = scratch().folder
  for (const name of ['state', 'spool', 'run', 'log']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'slurm.conf'), config(folder))
  writeFileSync(join(folder, 'cgroup.conf'), 'CgroupPlugin=disabled\n')
  writeFileSync(join(folder, 'gres.conf'), 'Name=gpu File=/dev/zero\n')
  writeFileSync(join(folder, 'slurm.key'), randomBytes(1024), { mode: 0o600 })
  const env = { SLURM_CONF: join(folder, 'slurm.conf') }
  const daemon = (program: string, ...args: string[]): ChildProcess => {
    const log = openSync(join(folder, 'log', `${program}.out`), 'a')
    const all = ['-D', '-f', env.SLURM_CONF, ...args]
    // A daemon that dies may leave a core file where it is.
    const stdio = ['ignore' as const, log, log]
    return spawn(program, all, { cwd: folder, env: { ...process.env, ...env }, detached: true, stdio })
  }
  const isIdle = () => {
    const { stdout } = spawnSync('sinfo', ['--noheader', '--format=%T'], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    })
    return /^(idle|mixed|allocated)\n?$/.test(stdout)
  }
  const end = async (child: ChildProcess, signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await gone
  }
  const controller = daemon('slurmctld')
  let node = daemon('slurmd', '-N', hostname())
  const ready = async () => {
    while (!isIdle()) await sleep(100)
  }
  await ready()
  return {
    env,
    killNode: () => void node.kill('SIGKILL'),
    async startNode() {
      await end(node, 'SIGKILL')
      node = daemon('slurmd', '-N', hostname())
      await ready()
    },
    async stop() {
      spawnSync('scancel', ['--full', '--signal=KILL', '--user=root'], { env: { ...process.env, ...env } })
      await end(node, 'SIGTERM')
      await end(controller, 'SIGTERM')
      turn.close()
    },
  }
}

/** `cred_expire` is also how long a requeued task waits, two minutes by default. */
function config(folder: string): string {
  const megabytes = Math.floor(totalmem() / 2 ** 20 / 2)
  // Below the ports that systems give to clients, from 32,768 on.
  const port = 20_000 + 2 * (process.pid % 6000)
  return `ClusterName=sparsescope
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmctldPort=${port}
SlurmdPort=${port + 1}
SlurmUser=root
SlurmdUser=root
AuthType=auth/slurm
CredType=cred/slurm
AuthInfo=cred_expire=5
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/run/slurmctld.pid
SlurmdPidFile=${folder}/run/slurmd.pid
SlurmctldLogFile=${folder}/log/slurmctld.log
SlurmdLogFile=${folder}/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
MpiDefault=none
ReturnToService=2
KillWait=5
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,bf_interval=1
MaxArraySize=1001
GresTypes=gpu
NodeName=${hostname()} NodeAddr=127.0.0.1 CPUs=${availableParallelism()} RealMemory=${megabytes} Gres=gpu:1 State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP DefMemPerCPU=500
`
}
