// Sequences that begin alike, as one batch in which every distinct beginning is computed once and padding not at all.
// The rows of such a batch are the nodes of the tree of its sequences. Attention alone needs sequences: there the rows are
// gathered to their places, and back.
import type { Arena } from '../compute/arena.ts'
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { Batch } from './batch.ts'
import { embed, type Ends } from './ends.ts'
import { headLoss } from './head.ts'
import { gathered, type Step } from './module.ts'
import { stepOf, type PassOptions } from './pass.ts'

export interface PackedBatch {
  /** The sequences side by side, padded on the right: attention is causal, so no token sees padding. */
  readonly places: Batch
  /** [batch · seqLen]: the row of each place; padding may have any row. */
  readonly rowOf: Int32Array<ArrayBuffer>
  /** [rows]: a place of each row. */
  readonly placeOf: Int32Array<ArrayBuffer>
  /** Pairs to score: how well row `from` predicts `target`. */
  readonly pairs: { readonly from: Int32Array<ArrayBuffer>; readonly target: Int32Array<ArrayBuffer> }
}

/** Scores, one entry per pair. */
export interface PackedScores {
  readonly nll: Float32Array
  /** 1 where the target is the argmax. */
  readonly likeliest: Uint8Array
}

/** Grows a batch sequence by sequence. */
export class Packer {
  private readonly vocabSize: number
  private readonly sequences: Int32Array[] = []
  private readonly seqRows: number[][] = []
  private readonly nodes = new Map<number, number>()
  private readonly pairIndex = new Map<number, number>()
  private readonly from: number[] = []
  private readonly target: number[] = []

  constructor(vocabSize: number) {
    this.vocabSize = vocabSize
  }

  get rows(): number {
    return this.nodes.size
  }

  /** Number of places in the batch once `count` more sequences of at most this length are in it. */
  placesWith(length: number, count: number): number {
    return (this.sequences.length + count) * Math.max(length, this.seqLen)
  }

  /** Adds a sequence whose last `predicted` ids are to be scored; returns the indices of their pairs. */
  add(ids: Int32Array, predicted: number): number[] {
    const input = ids.subarray(0, -1)
    const before = this.nodes.size
    const rows = this.rowsOf(input)
    if (this.nodes.size > before) {
      this.sequences.push(input)
      this.seqRows.push(rows)
    }
    return Array.from(ids.subarray(ids.length - predicted), (target, i) =>
      this.pair(rows[input.length - predicted + i], target),
    )
  }

  finish(): PackedBatch {
    const [batch, seqLen] = [this.sequences.length, this.seqLen]
    const ids = new Int32Array(batch * seqLen)
    const rowOf = new Int32Array(batch * seqLen)
    const placeOf = new Int32Array(this.nodes.size)
    this.sequences.forEach((sequence, s) => {
      ids.set(sequence, s * seqLen)
      rowOf.set(this.seqRows[s], s * seqLen)
      // Any place of a row will do, since all have the same tokens before them.
      this.seqRows[s].forEach((row, t) => (placeOf[row] = s * seqLen + t))
    })
    const pairs = { from: Int32Array.from(this.from), target: Int32Array.from(this.target) }
    return { places: { batch, seqLen, ids, mask: null, labels: null }, rowOf, placeOf, pairs }
  }

  private get seqLen(): number {
    return this.sequences.reduce((most, { length }) => Math.max(most, length), 0)
  }

  /** The row of each token of a sequence. Rows are new from the token on where the sequence differs from all earlier ones. */
  private rowsOf(input: Int32Array): number[] {
    let parent = 0
    return Array.from(input, (id) => {
      const key = parent * this.vocabSize + id
      const row = this.nodes.get(key) ?? this.nodes.size
      this.nodes.set(key, row)
      parent = row + 1
      return row
    })
  }

  /** The index of a pair. Equal pairs share one, so that equal choices have equal scores to the last bit. */
  private pair(row: number, target: number): number {
    const key = row * this.vocabSize + target
    const index = this.pairIndex.get(key) ?? this.pairIndex.size
    if (index === this.pairIndex.size) {
      this.from.push(row)
      this.target.push(target)
      this.pairIndex.set(key, index)
    }
    return index
  }
}

export function packedStepOf(backend: Backend, arena: Arena, batch: PackedBatch, options: PassOptions): Step {
  const [rowOf, placeOf] = [batch.rowOf, batch.placeOf].map((list) => arena.upload([list.length], 'i32', list))
  return { ...stepOf(backend, arena, batch.places, options), packing: { rowOf, placeOf } }
}

/** Embeddings [rows, C] of the batch's distinct rows. */
export function embedPacked(step: Step, ends: Ends, { places }: PackedBatch): Tensor {
  const { output, saved } = embed(step, ends, places)
  const rows = step.packing ? gathered(step, step.arena, output, step.packing.placeOf) : output
  for (const tensor of [saved.ids, saved.positions, saved.words, output])
    if (tensor && tensor !== rows) step.arena.release(tensor)
  return rows
}

/** hidden [rows, C], the last block's output; logits only of the requested rows. */
export async function scorePairs(
  step: Step,
  ends: Ends,
  hidden: Tensor,
  { pairs }: PackedBatch,
): Promise<PackedScores> {
  const from = step.arena.upload([pairs.from.length], 'i32', pairs.from)
  const asked = gathered(step, step.arena, hidden, from)
  const { readNll, readLikeliest } = headLoss(step, ends, asked, { targets: pairs.target }, null)
  const scores = { nll: await readNll(), likeliest: await readLikeliest() }
  step.arena.release(asked)
  step.arena.release(from)
  return scores
}
