// A thread for each long recipe. Other recipes do not wait for it, and a new text ends the work on the old one.
import { Worker, type MessagePort } from 'node:worker_threads'
import { LSPErrorCodes, ResponseError } from 'vscode-languageserver/node'
import type { Answers, FeatureName, Features, Question } from './answers.ts'

const shortText = 2 ** 14
const fewPatterns = 100

/**
 * Whether a recipe gets its own thread. Costs are the characters to parse, the patterns, each of which is matched with all modules of a
 * model, and the runs of a sweep, each of which is planned. Below the limits, an answer takes a few tens of milliseconds.
 */
export function isLong(text: string): boolean {
  return (
    text.length > shortText || /^["']?sweep["']?\s*:/m.test(text) || (text.match(/re:/g)?.length ?? 0) > fewPatterns
  )
}

/** null: files or settings have changed. */
type ToThread = { readonly id: number; readonly question: Question } | null
type FromThread = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly failed: string }

interface Thread {
  readonly worker: Worker
  readonly waiting: Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>
}

/** `start`: the bundle as a thread. */
export function createRecipeThreads(start = () => new Worker(process.argv[1])) {
  const threads = new Map<string, Thread>()
  let lastId = 0
  const end = (uri: string, why: Error) => {
    const thread = threads.get(uri)
    threads.delete(uri)
    for (const { reject } of thread?.waiting.values() ?? []) reject(why)
    void thread?.worker.terminate()
  }
  const begin = (uri: string): Thread => {
    const thread: Thread = { worker: start(), waiting: new Map() }
    const { worker, waiting } = thread
    worker.on('message', (message: FromThread) => {
      const asked = waiting.get(message.id)
      waiting.delete(message.id)
      if ('failed' in message) asked?.reject(new Error(message.failed))
      else asked?.resolve(message.answer)
    })
    const lost = (why: Error) => threads.get(uri) === thread && end(uri, why)
    worker.on('error', lost)
    worker.on('exit', () => lost(new Error('the thread of this recipe has ended')))
    threads.set(uri, thread)
    return thread
  }
  return {
    /** @throws ResponseError 'content modified' where the text changes before there is an answer. */
    ask<F extends FeatureName>(question: Question<F>): Promise<Features[F]['answer']> {
      const { uri } = question.document
      const { worker, waiting } = threads.get(uri) ?? begin(uri)
      const id = ++lastId
      worker.postMessage({ id, question } satisfies ToThread)
      return new Promise<Features[F]['answer']>((resolve, reject) =>
        waiting.set(id, { resolve: (answer) => resolve(answer as Features[F]['answer']), reject }),
      )
    },
    /** Cancels requests on the previous text. */
    changed(uri: string) {
      const busy = (threads.get(uri)?.waiting.size ?? 0) > 0
      if (busy) end(uri, new ResponseError(LSPErrorCodes.ContentModified, 'the text has changed'))
    },
    invalidate() {
      for (const { worker } of threads.values()) worker.postMessage(null satisfies ToThread)
    },
    close: (uri: string) => end(uri, new ResponseError(LSPErrorCodes.ContentModified, 'the recipe was closed')),
  }
}

/** Answers questions inside the thread. */
export function answerAsThread(port: MessagePort, answers: Answers): void {
  port.on('message', (message: ToThread) => {
    if (!message) return answers.invalidate()
    const { id, question } = message
    answers.to(question).then(
      (answer) => port.postMessage({ id, answer } satisfies FromThread),
      (error: unknown) => port.postMessage({ id, failed: String(error) } satisfies FromThread),
    )
  })
}
