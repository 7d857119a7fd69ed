// Keeps the texts that one view of models side by side has so far, so that a view that was hidden shows them again.
import type { TryProgress } from '../../protocol/parameters.ts'
import type { ToTry, TriedModel } from '../../protocol/view.ts'
import type { Caller } from '../backend/calls.ts'

export interface TrialOptions {
  call: Caller
  tell: (message: ToTry) => void
  memoryBytes: () => number | null
  isCancellation: (error: unknown) => boolean
}

export interface Trial {
  readonly columns: readonly TriedModel[]
  /** Sets the columns; texts of the columns before go. */
  setColumns(columns: readonly TriedModel[], note?: string | null): void
  /** Ends what is being written. */
  generate(prompts: string[], maxTokens: number): Promise<void>
  stop(): void
  /** To a view that has nothing yet. */
  replay(): void
}

export function createTrial({ call, tell, memoryBytes, isCancellation }: TrialOptions): Trial {
  let columns: readonly TriedModel[] = []
  let note: string | null = null
  let abort: AbortController | null = null
  let said: ToTry[] = []
  const say = (message: ToTry) => {
    said.push(message)
    tell(message)
  }
  const stop = () => {
    abort?.abort()
    abort = null
  }
  return {
    get columns() {
      return columns
    },
    setColumns(next, nextNote = null) {
      stop()
      columns = next
      note = nextNote
      said = []
      tell({ type: 'columns', columns: [...columns], note })
    },
    async generate(prompts, maxTokens) {
      stop()
      const own = (abort = new AbortController())
      said = []
      say({ type: 'begun', prompts })
      const models = columns.map(({ path }) => path)
      // Text that comes after a newer question is not for the view.
      const onProgress = (progress: TryProgress) => {
        if (abort === own) say({ type: 'written', progress: [progress] })
      }
      const masks = columns.map(({ mask }) => mask ?? null)
      const params = { models, masks, prompts, maxTokens, memoryBytes: memoryBytes() }
      const end = await call('tryOut', params, { signal: own.signal, onProgress }).then(
        ({ device }) => ({ status: 'done' as const, message: null, device }),
        (error: unknown) => {
          if (isCancellation(error)) return { status: 'stopped' as const, message: null, device: null }
          return {
            status: 'failed' as const,
            message: error instanceof Error ? error.message : String(error),
            device: null,
          }
        },
      )
      if (abort !== own && abort !== null) return
      if (abort === null && said.length === 0) return
      abort = null
      say({ type: 'ended', ...end })
    },
    stop,
    replay() {
      tell({ type: 'columns', columns: [...columns], note })
      for (const message of said) tell(message)
    },
  }
}
