// Keeps one backend alive: started when first needed, watched for hangs, started again after a crash with growing
// pauses, given up after several in a row. It knows nothing of VS Code.
import type { CallName, DeviceFacts, HelloParams, HelloResult, ParamsOf, ResultOf } from '../../shared/protocol/rpc.ts'
import { protocolVersion } from '../../shared/protocol/rpc.ts'
import { BackendError, createCaller, type Caller, type CallOptions } from './calls.ts'
import type { Launch, Launched } from './launch.ts'
import { describeRuntime, isNewEnough, type Runtime } from './runtime.ts'

export type BackendState =
  | { kind: 'stopped' }
  | { kind: 'starting' }
  | { kind: 'ready'; hello: HelloResult; runtime: Runtime; device: DeviceFacts | null }
  | { kind: 'failed'; message: string }

export interface SupervisorOptions {
  runtimes: () => Runtime[]
  launch: Launch
  hello: (runtime: Runtime) => HelloParams
  log: (line: string) => void
  /** For tests. */
  sleep?: (ms: number) => Promise<void>
  helloMs?: number
  pingEveryMs?: number
  pingMs?: number
}

interface Session {
  launched: Launched
  call: Caller
  runtime: Runtime
}

const pausesMs = [0, 500, 2000, 8000]
/** A backend that lived this long has recovered from what killed the one before. */
const healthyMs = 60_000

export class Supervisor {
  private readonly options: Required<SupervisorOptions>
  private readonly listeners = new Set<(state: BackendState) => void>()
  private current: BackendState = { kind: 'stopped' }
  private session: Promise<Session> | null = null
  private live: Session | null = null
  private crashes = 0
  private disposed = false

  constructor(options: SupervisorOptions) {
    const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
    this.options = { sleep, helloMs: 20_000, pingEveryMs: 15_000, pingMs: 30_000, ...options }
  }

  get state(): BackendState {
    return this.current
  }

  onState(listener: (state: BackendState) => void): { dispose(): void } {
    this.listeners.add(listener)
    return { dispose: () => this.listeners.delete(listener) }
  }

  /** Starts the backend when there is none. Rejects with a BackendError. */
  async call<C extends CallName>(name: C, params: ParamsOf<C>, options?: CallOptions<C>): Promise<ResultOf<C>> {
    const session = await this.ensure()
    return session.call(name, params, options)
  }

  /** For the person who asks for it: also after it was given up. */
  async restart(): Promise<void> {
    this.crashes = 0
    this.stop()
    await this.ensure()
  }

  /** Ends the process; the next call starts a new one. */
  stop(): void {
    const session = this.live
    this.live = null
    this.session = null
    if (session) end(session.launched)
    this.setState({ kind: 'stopped' })
  }

  dispose(): void {
    this.disposed = true
    this.stop()
    this.listeners.clear()
  }

  private ensure(): Promise<Session> {
    if (this.disposed) return Promise.reject(new BackendError('backend-unavailable', 'The window is closing.'))
    this.session ??= this.start().catch((error) => {
      this.session = null
      this.setState({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
      throw error
    })
    return this.session
  }

  private async start(): Promise<Session> {
    if (this.crashes >= pausesMs.length) {
      throw new BackendError(
        'backend-unavailable',
        `The backend stopped ${this.crashes} times in a row. See the log, then run "SparseScope: Restart Backend".`,
      )
    }
    this.setState({ kind: 'starting' })
    await this.options.sleep(pausesMs[this.crashes])
    const refused: string[] = []
    for (const runtime of this.options.runtimes()) {
      const started = await this.tryRuntime(runtime, refused)
      if (started) return started
    }
    throw new BackendError('backend-unavailable', `No Node could run the backend. ${refused.join(' ')}`)
  }

  private async tryRuntime(runtime: Runtime, refused: string[]): Promise<Session | null> {
    const launched = this.options.launch(runtime)
    const call = createCaller(launched.connection)
    launched.connection.listen()
    const died = launched.exited.then((reason) => new Error(reason))
    const hello = await Promise.race([
      call('hello', this.options.hello(runtime)).catch((error: Error) => error),
      died,
      this.options.sleep(this.options.helloMs).then(() => new Error('no answer')),
    ])
    const problem = hello instanceof Error ? hello.message : refusal(hello)
    if (hello instanceof Error || problem) {
      refused.push(`${describeRuntime(runtime)} (${runtime.path}): ${problem}.`)
      this.options.log(refused[refused.length - 1])
      end(launched)
      return null
    }
    const session = { launched, call, runtime }
    this.live = session
    this.setState({ kind: 'ready', hello, runtime, device: null })
    this.watch(session, hello)
    return session
  }

  /** Learns the device, notices the end, and pings. */
  private watch(session: Session, hello: HelloResult): void {
    const started = Date.now()
    void session.launched.exited.then((reason) => {
      session.launched.connection.dispose()
      if (this.live !== session) return
      this.options.log(`backend ${hello.pid}: ${reason}`)
      this.crashes = Date.now() - started > healthyMs ? 1 : this.crashes + 1
      this.live = null
      this.session = null
      this.setState({ kind: 'failed', message: `The backend stopped (${reason}). It starts again when it is needed.` })
    })
    session.call('device', null).then(
      (device) => {
        if (this.live === session) this.setState({ kind: 'ready', hello, runtime: session.runtime, device })
      },
      (error: Error) => this.options.log(`device: ${error.message}`),
    )
    void this.pingOn(session)
  }

  private async pingOn(session: Session): Promise<void> {
    for (;;) {
      await this.options.sleep(this.options.pingEveryMs)
      if (this.live !== session) return
      const late = this.options.sleep(this.options.pingMs).then(() => 'late' as const)
      const answer = await Promise.race([session.call('ping', null).catch(() => 'gone' as const), late])
      if (this.live !== session || answer === 'gone') return
      if (answer === 'late') {
        this.options.log('the backend does not answer: ending it')
        end(session.launched)
        return
      }
    }
  }

  private setState(state: BackendState): void {
    this.current = state
    for (const listener of this.listeners) listener(state)
  }
}

function refusal(hello: HelloResult): string | null {
  if (!isNewEnough(hello.node)) return `Node ${hello.node} is too old, 20.19 or newer is needed`
  if (hello.protocol !== protocolVersion) return `it speaks protocol ${hello.protocol}, not ${protocolVersion}`
  return null
}

function end(launched: Launched): void {
  launched.connection.dispose()
  launched.kill()
}
