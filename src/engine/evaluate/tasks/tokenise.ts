// A request as token ids, as lm-evaluation-harness makes them (docs/methods.md, "Zero-shot tasks").
import { EngineError } from '../../errors.ts'
import { rstrip } from '../../../catalog/tasks/python.ts'
import type { Request } from '../../../catalog/tasks/task.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'

/** Ids of which the last `predicted` are scored, each given those before it. */
export interface ScoredIds {
  readonly ids: Int32Array
  readonly predicted: number
}

export interface RequestEncoder {
  encode(request: Request): Promise<ScoredIds>
}

/** `maxLength` is the number of tokens that the model takes; longer requests lose their beginning. */
export function createRequestEncoder(tokenizer: Tokenizer, maxLength: number, signal?: AbortSignal): RequestEncoder {
  const contexts = createContexts(tokenizer, signal)
  return {
    async encode({ context, continuation }) {
      const { before, after } = await (context === ''
        ? contexts.none(continuation)
        : contexts.split(context, continuation))
      const predicted = after.length
      if (predicted === 0) throw new EngineError('bad-data', 'the tokenizer makes nothing of its answer')
      if (predicted > maxLength) {
        throw new EngineError(
          'bad-data',
          `its answer has ${predicted} tokens, the model takes ${maxLength}; leave the row out`,
        )
      }
      const whole = new Int32Array(before.length + predicted)
      whole.set(before)
      whole.set(after, before.length)
      return { ids: whole.slice(-(maxLength + 1)), predicted }
    },
  }
}

interface Parts {
  readonly before: Int32Array
  readonly after: Int32Array
}

interface Contexts {
  split(context: string, continuation: string): Promise<Parts>
  /** Encodes a continuation without a context, for which the beginning-of-text token stands. */
  none(continuation: string): Promise<Parts>
}

function createContexts(tokenizer: Tokenizer, signal: AbortSignal | undefined): Contexts {
  const { begin, end } = tokenizer.marks
  const plain = (text: string) => tokenizer.encode(text, { signal, special: false })
  const marked = (text: string) => {
    const special = begin === null || !text.startsWith(begin)
    return tokenizer.encode(text, { signal, special })
  }
  // The choices of a row come one after the other and share their context.
  let last: { text: string; ids: Int32Array } | null = null
  return {
    async split(context, continuation) {
      // White space at the end of the context belongs to the continuation.
      const text = rstrip(context)
      if (last?.text !== text) last = { text, ids: await marked(text) }
      const { ids: before } = last
      if (before.length === 0) throw nothingBefore('tokenizer.json puts nothing there')
      // The ids of the whole may begin otherwise than those of the context: the context's stand.
      const whole = await marked(context + continuation)
      return { before, after: whole.subarray(before.length) }
    },
    async none(continuation) {
      const mark = begin ?? end
      const [id, ...more] = mark === null ? [] : await plain(mark)
      if (id === undefined || more.length > 0)
        throw nothingBefore('tokenizer_config.json names no bos_token or eos_token to stand there')
      const ids = await plain(continuation)
      return { before: Int32Array.of(id), after: ids[0] === id ? ids.subarray(1) : ids }
    },
  }
}

function nothingBefore(why: string): EngineError {
  return new EngineError('bad-data', `it has nothing before the answer, and ${why}`)
}
