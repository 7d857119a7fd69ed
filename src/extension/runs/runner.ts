// Starts, pauses, cancels and resumes runs in the backend, and updates the store.
import { basename } from 'node:path'
import * as vscode from 'vscode'
import type { RunOutcome, RunUpdate } from '../../protocol/rpc.ts'
import type { BackendError, CallOptions } from '../backend/calls.ts'
import type { Services } from '../services.ts'
import { memoryLimit } from '../support/settings.ts'
import { isHeld } from '../../runs/lock/lock.ts'
import { RunQueue } from './runQueue.ts'
import { recipeName, type RunStore } from './runStore.ts'

export interface RunRequest {
  /** File system path of the recipe. */
  recipe: string
  set?: string[]
  /** Run folder to resume. */
  resume?: string
  /** Called once the run has a folder. */
  onFolder?: (folder: string) => void
}

interface Tracked {
  /** Path of the recipe or of the run's folder, which gives the run its name while it waits. */
  readonly path: string
  /** null: it has none yet. */
  readonly folder: string | null
  readonly isBegun?: boolean
}

export class Runner {
  readonly queue = new RunQueue()
  /** Resolves when the runs in progress after a reload are known. Requests to cancel or pause a run wait for it. */
  private adopting: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly services: Services,
    private readonly store: RunStore,
  ) {}

  /** Whether the run is in progress, or waits to be resumed. */
  isLive(folder: string): boolean {
    return this.queue.has(folder)
  }

  /**
   * Resolves when the run is over. If the backend process ends, the outcome is `failed`, and the run can be resumed from
   * its last saved state.
   */
  async run({ recipe, set = [], resume, onFolder }: RunRequest, signal?: AbortSignal): Promise<RunOutcome> {
    const params = {
      recipe,
      set,
      resume: resume ?? null,
      memoryBytes: memoryLimit(),
    }
    const call = (options: CallOptions<'run'>) => this.services.call('run', params, options)
    return this.track({ path: resume ?? recipe, folder: resume ?? null }, call, onFolder, signal)
  }

  /** Takes over the runs that an earlier window started. Returns their outcomes, as `run` does. */
  adopt(): Promise<Promise<RunOutcome>[]> {
    const found = this.findRuns()
    this.adopting = found.catch(() => undefined)
    return found
  }

  private async findRuns(): Promise<Promise<RunOutcome>[]> {
    if (!(await this.services.isBackendRunning())) return []
    const active = await this.services.call('activeRuns', null)
    return active.map(({ id, recipe, folder, resume, paused }) => {
      const follow = (options: CallOptions<'follow'>) => this.services.call('follow', { id }, options)
      const onFolder = (begun: string) => this.store.setPaused(begun, paused)
      const known = folder ?? resume
      return this.track({ path: known ?? recipe, folder: known, isBegun: folder !== null }, follow, onFolder)
    })
  }

  private async track(
    { path, folder: known, isBegun = false }: Tracked,
    call: (options: CallOptions<'run' | 'follow'>) => Promise<RunOutcome>,
    onFolder?: (folder: string) => void,
    signal?: AbortSignal,
  ): Promise<RunOutcome> {
    const place = this.queue.enter(recipeName(path), signal, known)
    let folder: string | null = null
    const onProgress = (update: RunUpdate) => {
      if (folder !== null) return void this.store.refresh(folder)
      folder = update.folder
      place.started(folder)
      void this.store.begin(folder)
      onFolder?.(folder)
    }
    if (isBegun && known !== null) onProgress({ folder: known })
    try {
      return await call({ signal: place.signal, onProgress })
    } catch (error) {
      const { code, message } = error as BackendError
      const cancelled = code === 'cancelled'
      const isLost = code === 'backend-stopped'
      if (folder === null && !cancelled) throw error
      const hint = isLost ? ` ${vscode.l10n.t('The run can be resumed from its saved state.')}` : ''
      return { status: cancelled ? 'cancelled' : 'failed', folder, message: `${message}${hint}` }
    } finally {
      place.leave()
      if (folder !== null) await this.store.end(folder)
    }
  }

  async cancel(folder: string): Promise<void> {
    await this.adopting
    await this.requireOwn(folder)
    this.queue.cancel(folder)
  }

  /** @throws Error for a run in another process: that of a sweep, a terminal or another window. */
  private async requireOwn(folder: string): Promise<void> {
    if (this.isLive(folder) || !(await isHeld(folder))) return
    throw new Error(
      vscode.l10n.t(
        '{0} runs in another process that this window cannot reach. Stop it where it was started, or cancel its sweep.',
        basename(folder),
      ),
    )
  }

  async pause(folder: string, paused: boolean): Promise<void> {
    await this.adopting
    await this.requireOwn(folder)
    if (!this.isLive(folder)) return
    await this.services.call('pause', { folder, paused })
    this.store.setPaused(folder, paused)
  }
}
