// State of Try It: the texts of one view, kept while it is hidden.
import type { TryProgress, Turn } from '../../protocol/tryOut.ts'
import type { ToTry, TriedModel } from '../../protocol/view.ts'
import type { Caller } from '../backend/calls.ts'

interface TrialOptions {
  call: Caller
  post: (message: ToTry) => void
  memoryBytes: () => number | null
  isCancellation: (error: unknown) => boolean
}

export type Trial = ReturnType<typeof createTrial>

export function createTrial({ call, post, memoryBytes, isCancellation }: TrialOptions) {
  let columns: readonly TriedModel[] = []
  let note: string | null = null
  /** Whether all columns have a chat template. */
  let canChat = false
  let abort: AbortController | null = null
  let sent: ToTry[] = []
  const postAndKeep = (message: ToTry) => {
    sent.push(message)
    post(message)
  }
  const stop = () => {
    abort?.abort()
    abort = null
  }
  const askForChat = async () => {
    const asked = columns
    const models = asked.map(({ path }) => path)
    const found = models.length === 0 ? [] : await call('chatTemplates', { models }).catch(() => [])
    const possible = found.length > 0 && found.every(Boolean)
    if (columns !== asked || possible === canChat) return
    canChat = possible
    post({ type: 'chat', possible: canChat })
  }
  /** Replaces the columns and clears the texts. */
  const setColumns = (next: readonly TriedModel[], nextNote: string | null = null) => {
    stop()
    columns = next
    note = nextNote
    sent = []
    post({ type: 'columns', columns: [...columns], note })
    void askForChat()
  }
  return {
    get columns() {
      return columns
    },
    setColumns,
    /** Stops a generation in progress and clears the texts. */
    clear: () => setColumns([...columns], note),
    /** Stops a generation in progress. `turns`: earlier turns of a conversation. */
    async generate(prompts: string[], maxTokens: number, turns?: Turn[]): Promise<void> {
      stop()
      const own = (abort = new AbortController())
      sent = []
      const conversation = turns && { turns }
      postAndKeep({ type: 'begun', prompts, ...conversation })
      const models = columns.map(({ path }) => path)
      // Text of an older request that arrives after a newer one is dropped.
      const onProgress = (progress: TryProgress) => {
        if (abort === own) postAndKeep({ type: 'written', progress: [progress] })
      }
      const masks = columns.map(({ mask }) => mask ?? null)
      const params = { models, masks, prompts, ...conversation, maxTokens, memoryBytes: memoryBytes() }
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
      if (abort === null && sent.length === 0) return
      abort = null
      postAndKeep({ type: 'ended', ...end })
    },
    stop,
    /** Sends everything so far to a view that has just loaded. */
    replay() {
      post({ type: 'columns', columns: [...columns], note })
      if (canChat) post({ type: 'chat', possible: true })
      for (const message of sent) post(message)
    },
  }
}
