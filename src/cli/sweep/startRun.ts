// A run of a sweep as a process of its own.
import { spawn } from 'node:child_process'
import type { StartedRun } from '../../engine/sweep/localPool.ts'

/** Runs the command line `program` (arguments of Node) with `args`, which name one run. */
export function startRun(program: readonly string[], args: readonly string[]): StartedRun {
  return spawn(process.execPath, [...program, ...args, '--child'], {
    // A group of its own: Ctrl-C on a terminal reaches it through this process, once.
    detached: process.platform !== 'win32',
    windowsHide: true,
    // When the channel closes, this process is gone.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
}
