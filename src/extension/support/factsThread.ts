// Facts of models from their headers. Headers are untrusted and may be of any size, so a separate thread with a limited heap parses
// them, one model at a time. The extension host reads none of them and survives a crash of the thread.
import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'

export interface ModelFacts {
  bytes: number
  parameters: number
  /** Element types, those with the most bytes first. */
  dtypes: string[]
  /** Sparsity of the matrices inside the blocks; null where it was not counted. */
  sparsity: number | null
  /** Whether the model has biases, which `train: [bias]` would train. */
  biases: boolean
  /** Most positions; null when config.json does not say. */
  maxPositions: number | null
  /** Null when config.json does not say. */
  blocks: number | null
  /** False when it holds integers only: token ids, masks. */
  isModel: boolean
  /** Why nothing computes with the checkpoint, such as a missing shard; null: all of it can be opened. */
  problem: string | null
}

/** Limit on the size of a model's headers for a list, in which the user has not asked for this model. */
export const listedHeaderBytes = 4e6
/** Limits on the thread's heap. A parsed header takes about ten times its size on disk. */
export const factsHeap = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 32 }

/** `mostBytes`: limit on the size of the headers; Infinity if the user has asked for this model. */
export interface FactsQuestion {
  readonly path: string
  readonly mostBytes: number
}

/** `facts` is null if the headers are longer than `mostBytes`. */
export type FactsAnswer = { readonly facts: ModelFacts | null } | { readonly failed: string }

const idleMs = 10_000

export class FactsThread {
  private worker: Worker | null = null
  /** Resolves when the previous question is answered: the heap holds one model at a time. */
  private last: Promise<unknown> = Promise.resolve()
  private idle: NodeJS.Timeout | undefined
  private isDisposed = false

  /** `start`: starts the thread of factsWorker.ts, which ends when idle and is started again when needed. */
  constructor(private readonly start: () => Worker) {}

  /** null: the headers are too long for a list, or do not fit into the heap. @throws Error with one sentence on what is wrong. */
  list(path: string): Promise<ModelFacts | null> {
    return this.ask({ path, mostBytes: listedHeaderBytes })
  }

  /** Facts of the model that the user has asked for. @throws Error with one sentence on what is wrong. */
  async read(path: string): Promise<ModelFacts> {
    const facts = await this.ask({ path, mostBytes: Infinity })
    if (facts && facts.problem !== null) throw new Error(facts.problem)
    if (facts) return facts
    throw new Error(`the headers of ${path} do not fit into the memory reserved for them`)
  }

  dispose(): void {
    this.isDisposed = true
    this.end()
  }

  private ask(question: FactsQuestion): Promise<ModelFacts | null> {
    const answer = this.last.then(() => this.answer(question))
    this.last = answer.catch(() => undefined)
    return answer
  }

  private async answer(question: FactsQuestion): Promise<ModelFacts | null> {
    if (this.isDisposed) throw new Error('the window is closing')
    clearTimeout(this.idle)
    const worker = (this.worker ??= this.begin())
    worker.postMessage(question)
    const answered = new AbortController()
    const { signal } = answered
    const lost = async (): Promise<never> => {
      await once(worker, 'exit', { signal })
      throw new Error('the thread that reads headers has ended')
    }
    let answer: FactsAnswer
    try {
      // Both promises reject with the error of the thread.
      ;[answer] = (await Promise.race([once(worker, 'message', { signal }), lost()])) as [FactsAnswer]
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') return null
      throw error
    } finally {
      answered.abort()
      this.idle = setTimeout(() => this.end(), idleMs).unref()
    }
    if ('failed' in answer) throw new Error(answer.failed)
    return answer.facts
  }

  private begin(): Worker {
    const worker = this.start()
    const forget = () => {
      if (this.worker === worker) this.worker = null
    }
    worker.on('error', forget).on('exit', forget).unref()
    return worker
  }

  private end(): void {
    void this.worker?.terminate()
    this.worker = null
  }
}
