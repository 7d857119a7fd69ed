// Questions of a view about its checkpoints. Of each kind one is in progress and at most one waits. A newer question cancels the
// first and replaces the second, so quick input does not queue stale work.
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

export interface Answers {
  ask(ask: Ask): void
  cancel(id: number): void
  dispose(): void
}

interface Slot {
  running: { id: number; abort: AbortController } | null
  waiting: Ask | null
}

export function createAnswers({ call, models, reply }: AnswerOptions): Answers {
  const slots = new Map<string, Slot>()
  const slotOf = (ask: Ask): Slot => {
    const key = `${ask.call} ${ask.model}`
    const slot = slots.get(key) ?? { running: null, waiting: null }
    slots.set(key, slot)
    return slot
  }
  const refuse = (id: number, message: string) => reply({ type: 'reply', id, ok: false, message })
  const drop = (slot: Slot) => {
    if (slot.waiting) refuse(slot.waiting.id, 'cancelled')
    slot.waiting = null
  }
  const start = async (slot: Slot, ask: Ask, seen: SeenModel) => {
    const abort = new AbortController()
    slot.running = { id: ask.id, abort }
    try {
      reply({ type: 'reply', id: ask.id, ok: true, value: await answer(call, ask, seen, abort.signal) })
    } catch (error) {
      refuse(ask.id, error instanceof Error ? error.message : String(error))
    }
    slot.running = null
    const next = slot.waiting
    slot.waiting = null
    if (next) void start(slot, next, seen)
  }
  return {
    ask(ask) {
      const seen = models[ask.model]
      if (seen === undefined) return refuse(ask.id, 'this view has no such checkpoint')
      const slot = slotOf(ask)
      if (!slot.running) return void start(slot, ask, seen)
      slot.running.abort.abort()
      drop(slot)
      slot.waiting = ask
    },
    cancel(id) {
      for (const slot of slots.values()) {
        if (slot.waiting?.id === id) drop(slot)
        if (slot.running?.id === id) slot.running.abort.abort()
      }
    },
    dispose() {
      for (const slot of slots.values()) {
        drop(slot)
        slot.running?.abort.abort()
      }
    },
  }
}

/** One call at a time can be typed exactly; that call and params belong together is checked by the type of Ask. */
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
