// Keeps one backend alive: starts it when first needed, watches for hangs, and restarts it after a crash with growing pauses until
// several crashes in a row. Does not depend on VS Code.
import { Emitter } from 'vscode-jsonrpc/node'
import { messageOf } from '../../errors.ts'
import type { CallName, ParamsOf } from '../../protocol/parameters.ts'
import type { DeviceFacts, HelloResult, ResultOf } from '../../protocol/rpc.ts'
import { protocolVersion } from '../../protocol/rpc.ts'
import { BackendError, createCaller, type Caller, type CallOptions } from './calls.ts'
import type { Launch, Launched } from './launch.ts'
import { describeRuntime, isNewEnough, type Runtime } from './runtime.ts'

export type BackendState =
  | { kind: 'stopped' }
  | { kind: 'starting' }
  | { kind: 'ready'; hello: HelloResult; runtime: Runtime; device: DeviceFacts | null }
  | { kind: 'failed'; message: string }

interface SupervisorOptions {
  runtimes: () => Runtime[]
  launch: Launch
  hello: (runtime: Runtime) => ParamsOf<'hello'>
  log: (line: string) => void
  sleep?: (ms: number) => Promise<void>
  helloMs?: number
  pingEveryMs?: number
  pingMs?: number
}

interface Session {
  launched: Launched
  call: Caller
  runtime: Runtime
  /** Id of the process, from its hello. */
  pid?: number
}

/** Delay before the device is opened, which takes longer than opening a checkpoint: the call that started the process goes first. */
const deviceAfterMs = 3000
const pausesMs = [0, 500, 2000, 8000]
/** The crash of a backend that ran this long starts a new series of crashes. */
const healthyMs = 60_000

export class Supervisor {
  private readonly options: Required<SupervisorOptions>
  private readonly changed = new Emitter<BackendState>()
  readonly onState = this.changed.event
  private current: BackendState = { kind: 'stopped' }
  private session: Promise<Session> | null = null
  private live: Session | null = null
  /** Session whose process has not answered `hello` yet. */
  private starting: Session | null = null
  /** Resolves when starts in progress and processes that are being ended are over. The next start waits for it. */
  private settled: Promise<unknown> = Promise.resolve()
  private crashes = 0
  /** Number of requests to stop. A start gives up when this changes before it is done. */
  private stops = 0
  private disposed = false

  constructor(options: SupervisorOptions) {
    const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
    this.options = { sleep, helloMs: 20_000, pingEveryMs: 15_000, pingMs: 30_000, ...options }
  }

  get state(): BackendState {
    return this.current
  }

  /** Starts the backend if it is not running. Rejects with a BackendError. */
  async call<C extends CallName>(name: C, params: ParamsOf<C>, options?: CallOptions<C>): Promise<ResultOf<C>> {
    const session = await this.ensure()
    return session.call(name, params, options)
  }

  /** Restarts on the user's request, also after repeated crashes. */
  async restart(): Promise<void> {
    this.crashes = 0
    this.stop()
    await this.ensure()
  }

  /** Ends the process and its runs; the next call starts a new one. */
  stop(): void {
    this.forget((session) => this.end(session))
  }

  /** Called when the window closes. A process with a run in progress completes it before it exits, and the next window finds it. */
  dispose(): void {
    this.disposed = true
    this.forget(leave)
    this.changed.dispose()
  }

  private forget(part: (session: Session) => void): void {
    const sessions = [this.live, this.starting]
    this.stops++
    this.live = null
    this.starting = null
    this.session = null
    for (const session of sessions) if (session) part(session)
    this.setState({ kind: 'stopped' })
  }

  private end({ launched, pid }: Session): void {
    launched.connection.dispose()
    const { settled } = this
    this.settled = launched.kill(pid).then(() => settled)
  }

  private ensure(): Promise<Session> {
    if (this.disposed) return Promise.reject(new BackendError('backend-unavailable', 'The window is closing.'))
    if (this.session) return this.session
    const { stops } = this
    const session = this.settled.then(() => this.start(stops))
    const started = session.catch((error) => {
      if (stops === this.stops) {
        this.session = null
        this.setState({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
      }
      throw error
    })
    this.settled = started.catch(() => {})
    this.session = started
    return started
  }

  /** `stops`: value of `this.stops` when the start was requested. */
  private async start(stops: number): Promise<Session> {
    if (this.crashes >= pausesMs.length) {
      throw new BackendError(
        'backend-unavailable',
        `The backend stopped ${this.crashes} times in a row. See the log, then run "SparseScope: Restart Backend".`,
      )
    }
    this.setState({ kind: 'starting' })
    await this.options.sleep(pausesMs[this.crashes])
    this.throwIfStopped(stops)
    const refused: string[] = []
    for (const runtime of this.options.runtimes()) {
      const started = await this.tryRuntime(runtime, refused, stops)
      if (started) return started
    }
    throw new BackendError('backend-unavailable', `No Node.js can run the backend. ${refused.join(' ')}`)
  }

  private async tryRuntime(
    runtime: Runtime,
    refused: string[],
    stops: number,
    mayBeDying = true,
  ): Promise<Session | null> {
    const launched = await this.options.launch(runtime).catch((error: Error) => error)
    if (launched instanceof Error) return this.refuse(runtime, launched.message, refused)
    const call = createCaller(launched.connection)
    const session: Session = { launched, call, runtime }
    if (stops !== this.stops) this.end(session)
    this.throwIfStopped(stops)
    this.starting = session
    launched.connection.listen()
    const died = launched.exited.then((reason) => new Error(reason))
    const late = new Error('no answer')
    const hello = await Promise.race([
      call('hello', this.options.hello(runtime)).catch((error: Error) => error),
      died,
      this.options.sleep(this.options.helloMs).then(() => late),
    ])
    const problem = hello instanceof Error ? hello.message : refusal(hello)
    this.throwIfStopped(stops)
    this.starting = null
    if (hello instanceof Error || problem) {
      this.end(session)
      // The process that was found was about to exit. It has exited now, and another can start.
      if (launched.found && hello instanceof Error && hello !== late && mayBeDying)
        return this.tryRuntime(runtime, refused, stops, false)
      return this.refuse(runtime, String(problem), refused)
    }
    session.pid = hello.pid
    this.live = session
    this.setState({ kind: 'ready', hello, runtime, device: null })
    this.watch(session, hello)
    return session
  }

  private throwIfStopped(stops: number): void {
    if (stops === this.stops) return
    throw new BackendError('backend-stopped', 'The backend was stopped while it started.')
  }

  private refuse(runtime: Runtime, problem: string, refused: string[]): null {
    refused.push(`${describeRuntime(runtime)} (${runtime.path}): ${problem}.`)
    this.options.log(refused[refused.length - 1])
    return null
  }

  /** Asks for the device, waits for the end of the process, and pings it. */
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
    void this.learnDevice(session, hello)
    void this.pingOn(session)
  }

  private async learnDevice(session: Session, hello: HelloResult): Promise<void> {
    await this.options.sleep(deviceAfterMs)
    if (this.live !== session) return
    try {
      const device = await session.call('device', null)
      if (this.live === session) this.setState({ kind: 'ready', hello, runtime: session.runtime, device })
    } catch (error) {
      this.options.log(`device: ${messageOf(error)}`)
    }
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
        this.end(session)
        return
      }
    }
  }

  private setState(state: BackendState): void {
    this.current = state
    this.changed.fire(state)
  }
}

function refusal(hello: HelloResult): string | null {
  if (!isNewEnough(hello.node)) return `Node ${hello.node} is too old; use 20.19 or newer`
  if (hello.protocol !== protocolVersion) return `it speaks protocol ${hello.protocol}, not ${protocolVersion}`
  return null
}

function leave({ launched }: Session): void {
  launched.connection.dispose()
  launched.leave()
}
