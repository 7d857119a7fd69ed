// One backend process: started on a given Node, spoken to over its IPC channel, ended with everything it started.
import { fork, type ChildProcess } from 'node:child_process'
import type { MessageConnection } from 'vscode-jsonrpc/node'
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node'
import type { Runtime } from './runtime.ts'

export interface Launched {
  connection: MessageConnection
  pid: number | undefined
  /** Once, when the process is gone, for whatever reason. */
  exited: Promise<string>
  /** Asks it to go, and makes it go. */
  kill(): void
}

export type Launch = (runtime: Runtime) => Launched

const graceMs = 2000

export function createLaunch(script: string, log: (line: string) => void): Launch {
  return (runtime) => {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      ELECTRON_RUN_AS_NODE: runtime.origin === 'electron' ? '1' : undefined,
    }
    // An inspector or loader meant for the extension host is none of the backend's business.
    delete env.NODE_OPTIONS
    const child = fork(script, [], {
      execPath: runtime.path,
      execArgv: [],
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    forwardLines(child, log)
    const connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child))
    const exited = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `exit code ${code}`))
    })
    return { connection, pid: child.pid, exited, kill: () => kill(child) }
  }
}

/** The backend leaves when its channel closes; a hung one is killed. Its worker threads die with it. */
function kill(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return
  if (child.connected) child.disconnect()
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  child.once('exit', () => clearTimeout(timer))
}

function forwardLines(child: ChildProcess, log: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n')) if (line.trim() !== '') log(line)
    })
  }
}
