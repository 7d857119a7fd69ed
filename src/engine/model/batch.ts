// A batch of token ids, and which of its targets count.
import { EngineError } from '../errors.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'

export interface Batch {
  readonly batch: number
  readonly seqLen: number
  /** [batch · seqLen] */
  readonly ids: Int32Array
  /** [batch · seqLen], 1 = real token; null when nothing is padded. */
  readonly mask: Int32Array | null
  /** [batch · seqLen], −100 = ignored; null: the ids themselves. `targetsOf` shifts labels by one, as transformers does. */
  readonly labels: Int32Array | null
}

/** Rows [start, end) as a batch of their own, as views. */
export function rowsOf({ ids, mask, labels, seqLen }: Omit<Batch, 'batch'>, start: number, end: number): Batch {
  const range = (array: Int32Array) => array.subarray(start * seqLen, end * seqLen)
  return { batch: end - start, seqLen, ids: range(ids), mask: mask && range(mask), labels: labels && range(labels) }
}

/** Labels below 0 are ignored; transformers writes −100. */
const ignored = -1

/** targets[b·T + t] = what position t predicts: the label of t + 1; −1 where there is no label or it is ignored. */
export function targetsOf({ batch, seqLen, ids, labels }: Batch): Int32Array<ArrayBuffer> {
  const source = labels ?? ids
  const targets = new Int32Array(batch * seqLen).fill(ignored)
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t + 1 < seqLen; t++) targets[b * seqLen + t] = Math.max(ignored, source[b * seqLen + t + 1])
  }
  return targets
}

/** The position of each token after `past` earlier ones. For learned positions, the row of the position table. */
export function positionRows(config: ModelConfig, { batch, seqLen, mask }: Batch, past = 0): Int32Array<ArrayBuffer> {
  const { position } = config
  const offset = position.kind === 'learned' ? position.offset : 0
  const countsMask = position.kind === 'learned' && position.fromMask && mask !== null
  const rows = new Int32Array(batch * seqLen)
  for (let b = 0; b < batch; b++) {
    let real = 0
    for (let t = 0; t < seqLen; t++) {
      const at = b * seqLen + t
      if (!countsMask) rows[at] = past + t + offset
      // OPT: positions count real tokens from 0, padding has position −1.
      else rows[at] = (mask[at] ? real++ : -1) + offset
    }
  }
  return rows
}

/** @throws EngineError 'bad-data' for ids outside the vocabulary, lengths that do not fit, or too long a sequence. */
export function checkBatch(config: ModelConfig, { batch, seqLen, ids, mask, labels }: Batch): void {
  const length = batch * seqLen
  for (const [what, array] of [
    ['ids', ids],
    ['mask', mask],
    ['labels', labels],
  ] as const) {
    if (array && array.length !== length) {
      throw new EngineError('bad-data', `${what}: expected ${batch} × ${seqLen} values, got ${array.length}`)
    }
  }
  if (config.position.kind === 'learned' && seqLen > config.maxPositions) {
    throw new EngineError(
      'bad-data',
      `sequences of ${seqLen} tokens are longer than the model's ${config.maxPositions} learned positions; use at most ${config.maxPositions}`,
    )
  }
  checkIds('ids', ids, 0, config.vocabSize)
  if (labels) checkIds('labels', labels, -Infinity, config.vocabSize)
}

function checkIds(what: string, ids: Int32Array, from: number, vocabSize: number): void {
  const bad = ids.findIndex((id) => id >= vocabSize || id < from)
  if (bad < 0) return
  throw new EngineError(
    'bad-data',
    `${what}: value ${ids[bad]} at position ${bad} is outside the model's vocabulary of ${vocabSize}; was another tokenizer used?`,
  )
}
