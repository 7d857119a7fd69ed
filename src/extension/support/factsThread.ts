// Facts of models from their headers. Headers are untrusted and may be of any size, so a separate thread with a limited heap parses
// them, one model at a time. The extension host reads none of them and survives a crash of the thread.
import type { Worker } from 'node:worker_threads'

export interface ModelFacts {
  bytes: number
  parameters: number
  /** Element types, those with the most bytes first. */
  dtypes: string[]
  /** Sparsity of the matrices inside the blocks; null where it was not counted. */
  sparsity: number | null
  /** Whether `train: [bias]` finds any. */
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

/** Most bytes of a model's headers that a list reads without being asked for this model. */
export const listedHeaderBytes = 4e6
/** The thread's heap. Parsed, a header takes about ten times its bytes. */
export const factsHeap = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 32 }

/** Infinity: the user has asked for this model. */
export interface FactsQuestion {
  readonly path: string
  readonly mostBytes: number
}

/** null: its headers are longer than that. */
export type FactsAnswer = { readonly facts: ModelFacts | null } | { readonly failed: string }

interface Waiting extends FactsQuestion {
  readonly resolve: (facts: ModelFacts | null) => void
  readonly reject: (error: Error) => void
}

const idleMs = 10_000

export class FactsThread {
  private readonly start: () => Worker
  private worker: Worker | null = null
  private asked: Waiting | null = null
  private readonly waiting: Waiting[] = []
  private idle: NodeJS.Timeout | undefined

  /** `start`: the thread of factsWorker.ts, which ends when it is not needed and is started again. */
  constructor(start: () => Worker) {
    this.start = start
  }

  /** null: its headers are too long for a list, or too large to be held. @throws Error with one sentence on what is wrong. */
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
    clearTimeout(this.idle)
    this.waiting.length = 0
    this.end()
  }

  private ask(question: FactsQuestion): Promise<ModelFacts | null> {
    return new Promise((resolve, reject) => {
      const one = { ...question, resolve, reject }
      // A request of the user comes before those of lists.
      if (question.mostBytes === Infinity) this.waiting.unshift(one)
      else this.waiting.push(one)
      this.next()
    })
  }

  private next(): void {
    if (this.asked) return
    clearTimeout(this.idle)
    this.asked = this.waiting.shift() ?? null
    if (!this.asked) {
      this.idle = setTimeout(() => this.end(), idleMs).unref()
      return
    }
    const { path, mostBytes } = this.asked
    this.worker ??= this.begin()
    this.worker.postMessage({ path, mostBytes } satisfies FactsQuestion)
  }

  private begin(): Worker {
    const worker = this.start()
    worker.on('message', (answer: FactsAnswer) =>
      this.answered(({ resolve, reject }) =>
        'failed' in answer ? reject(new Error(answer.failed)) : resolve(answer.facts),
      ),
    )
    const lost = (how: (asked: Waiting) => void) => {
      if (this.worker !== worker) return
      this.worker = null
      this.answered(how)
    }
    worker.on('error', (error: NodeJS.ErrnoException) =>
      lost(({ resolve, reject }) => (error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? resolve(null) : reject(error))),
    )
    worker.on('exit', () => lost(({ reject }) => reject(new Error('the thread that reads headers has ended'))))
    worker.unref()
    return worker
  }

  private answered(how: (asked: Waiting) => void): void {
    const { asked } = this
    this.asked = null
    if (asked) how(asked)
    this.next()
  }

  private end(): void {
    const { worker } = this
    this.worker = null
    void worker?.terminate()
  }
}
