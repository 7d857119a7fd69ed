// Asks the graphics drivers in a process of its own, whose end is an answer.
import { execFile, type ExecFileException } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import { programArguments } from '../../../system/startWorker.ts'

export interface Question {
  /** Null asks which adapters there are. */
  readonly adapter: string | null
  /** Without experiments and the features that young drivers die of. */
  readonly plain: boolean
}

/** An answer, the driver's way of ending the process, or the failure of something that is not the driver. */
export type Answer =
  | { readonly told: unknown }
  | { readonly death: string; readonly hung: boolean }
  | { readonly failed: string }

/** Milliseconds: a driver that is loaded for the first time after a start of the machine may take some seconds. */
const patienceMs = 15_000

/** The load of a container's host says nothing of its own: nobody waits longer than this many times. */
const mostPatient = 8

/** Where many programs wait for each core, one that only waits for its turn must not pass for a driver that hangs. */
function patience(): number {
  const waiting = loadavg()[0] / availableParallelism()
  return Math.ceil(patienceMs * Math.min(mostPatient, Math.max(1, waiting)))
}

/** Signals that people and systems send; drivers die of others. */
const sent = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL']

/** `program` is what Node runs; its last line says what was told. */
export function askApart(
  question: Question,
  program = programArguments(import.meta.url, './worker.ts', 'webgpuWorker'),
  timeout = patience(),
): Promise<Answer> {
  return new Promise((resolve) => {
    const options = { timeout, killSignal: 'SIGKILL', windowsHide: true } as const
    execFile(process.execPath, [...program, JSON.stringify(question)], options, (error, stdout) => {
      resolve(error ? answerOf(error, timeout) : told(stdout))
    })
  })
}

function answerOf({ code, signal, killed, message }: ExecFileException, timeout: number): Answer {
  // A text is the system's, which did not start it; 1 is Node's, whose program failed.
  if (typeof code === 'string' || code === 1) return { failed: message }
  if (killed) return { death: `no answer in ${Math.round(timeout / 1000)} s`, hung: true }
  if (signal) return sent.includes(signal) ? { failed: signal } : { death: signal, hung: false }
  return { death: `exit code ${code}`, hung: false }
}

/** A program that could not ask says nothing. */
function told(stdout: string): Answer {
  try {
    const { told } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { told?: unknown }
    return told === undefined ? { failed: 'nothing was told' } : { told }
  } catch {
    return { failed: 'nothing was told' }
  }
}
