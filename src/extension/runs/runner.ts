// Starts, pauses, cancels and resumes runs in the backend, and tells the store what they say.
import * as vscode from 'vscode'
import type { RunOutcome, RunUpdate } from '../../shared/protocol/rpc.ts'
import { parseByteSize } from '../../shared/format/byteSize.ts'
import type { BackendError, CallOptions } from '../backend/calls.ts'
import type { Services } from '../services.ts'
import { setting } from '../support/settings.ts'
import type { RunStore } from './runStore.ts'

export interface RunRequest {
  /** File system path of the recipe. */
  recipe: string
  set?: string[]
  /** Run folder to go on with. */
  resume?: string
  /** Called once the run has a folder. */
  onFolder?: (folder: string) => void
}

export class Runner {
  private readonly services: Services
  private readonly store: RunStore
  /** What a person asks of a run right after a reload waits until it is known whose it is. */
  private adopting: Promise<unknown> = Promise.resolve()
  private readonly aborts = new Map<string, AbortController>()

  constructor(services: Services, store: RunStore) {
    this.services = services
    this.store = store
  }

  isLive(folder: string): boolean {
    return this.aborts.has(folder)
  }

  /**
   * Resolves when the run is over. A backend that dies leaves the run where its last checkpoint is; the outcome
   * then says `failed`, and the run can be resumed.
   */
  async run({ recipe, set = [], resume, onFolder }: RunRequest, signal?: AbortSignal): Promise<RunOutcome> {
    const params = { recipe, set, resume: resume ?? null, memoryBytes: memoryLimit() }
    return this.track((options) => this.services.call('run', params, options), onFolder, signal)
  }

  /** Takes up the runs that a window before this one has started; their outcomes, as from `run`. */
  adopt(): Promise<Promise<RunOutcome>[]> {
    const found = this.findRuns()
    this.adopting = found.catch(() => undefined)
    return found
  }

  private async findRuns(): Promise<Promise<RunOutcome>[]> {
    if (!(await this.services.isBackendRunning())) return []
    const active = await this.services.call('activeRuns', null)
    return active.map(({ id, folder, paused }) => {
      const follow = (options: CallOptions<'follow'>) => this.services.call('follow', { id }, options)
      return this.track(follow, (begun) => this.store.setPaused(begun, paused), undefined, folder)
    })
  }

  private async track(
    call: (options: CallOptions<'run' | 'follow'>) => Promise<RunOutcome>,
    onFolder?: (folder: string) => void,
    signal?: AbortSignal,
    knownFolder: string | null = null,
  ): Promise<RunOutcome> {
    const abort = new AbortController()
    signal?.addEventListener('abort', () => abort.abort())
    let folder: string | null = null
    let isLost = false
    const onProgress = (update: RunUpdate) => {
      if (folder !== null) return void this.store.refresh(folder)
      folder = update.folder
      this.aborts.set(folder, abort)
      void this.store.begin(folder)
      onFolder?.(folder)
    }
    if (knownFolder !== null) onProgress({ folder: knownFolder })
    try {
      return await call({ signal: abort.signal, onProgress })
    } catch (error) {
      const { code, message } = error as BackendError
      const cancelled = code === 'cancelled'
      isLost = code === 'backend-stopped'
      if (folder === null && !cancelled) throw error
      const hint = isLost ? ` ${vscode.l10n.t('The run can be resumed from its last checkpoint.')}` : ''
      return { status: cancelled ? 'cancelled' : 'failed', folder, message: `${message}${hint}` }
    } finally {
      if (folder !== null) {
        this.aborts.delete(folder)
        await this.store.end(folder, isLost)
      }
    }
  }

  async cancel(folder: string): Promise<void> {
    await this.adopting
    this.aborts.get(folder)?.abort()
  }

  async pause(folder: string, paused: boolean): Promise<void> {
    await this.adopting
    if (!this.isLive(folder)) return
    await this.services.call('pause', { folder, paused })
    this.store.setPaused(folder, paused)
  }
}

function memoryLimit(): number | null {
  const text = setting('backend.memoryLimit').trim()
  return text === '' ? null : parseByteSize(text)
}
