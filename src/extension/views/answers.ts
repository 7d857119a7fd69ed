// Questions of a view about its checkpoints. A view cancels a question whose answer it no longer shows, so quick input queues no
// stale work.
import { messageOf } from '../../errors.ts'
import type { SeenModel } from '../../protocol/parameters.ts'
import type { Ask, ModelKey, Reply, ViewCall } from '../../protocol/view.ts'
import type { ResultOf } from '../../protocol/rpc.ts'
import type { Caller } from '../backend/calls.ts'

export type ModelPaths = Partial<Record<ModelKey, SeenModel>>

interface AnswerOptions {
  call: Caller
  /** Paths are taken from here, not from what a view sends. */
  models: ModelPaths
  reply: (reply: Reply) => void
}

export function createAnswers({ call, models, reply }: AnswerOptions) {
  const asked = new Map<number, AbortController>()
  return {
    async ask(ask: Ask): Promise<void> {
      const { id, model } = ask
      const abort = new AbortController()
      asked.set(id, abort)
      /** Answers nothing that a page asked before it was loaded again: the new page gives other questions the same numbers. */
      const tell = (message: Reply) => {
        if (asked.get(id) === abort) reply(message)
      }
      try {
        const seen = models[model]
        if (seen === undefined) throw new Error('this view has no such checkpoint')
        tell({ type: 'reply', id, ok: true, value: await answer(call, ask, seen, abort.signal) })
      } catch (error) {
        tell({ type: 'reply', id, ok: false, message: messageOf(error) })
      } finally {
        if (asked.get(id) === abort) asked.delete(id)
      }
    },
    cancel: (id: number) => asked.get(id)?.abort(),
    /** Cancels all questions, whose answers no page waits for any more. */
    dispose() {
      for (const abort of asked.values()) abort.abort()
      asked.clear()
    },
  }
}

/** One case per call, so that each is typed exactly. The type `Ask` ensures that `call` and `params` match. */
function answer(call: Caller, ask: Ask, seen: SeenModel, signal: AbortSignal): Promise<ResultOf<ViewCall>> {
  switch (ask.call) {
    case 'tile':
      return call('tile', { ...ask.params, ...seen }, { signal })
    case 'detail':
      return call('detail', { ...ask.params, ...seen }, { signal })
    case 'weight':
      return call('weight', { ...ask.params, ...seen }, { signal })
  }
}
