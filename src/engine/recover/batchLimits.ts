import { EngineError } from '../errors.ts'

/**
 * A batch of more windows than there are, or a step of more batches, sees the same windows again: that is a mistake, and one
 * that may need more memory than any machine has. @throws EngineError 'bad-recipe'.
 */
export function requireBatches(windows: number, batchSize: number, gradAccumulation: number, place = 'recover'): void {
  const counts: [string, number][] = [
    ['batch_size', batchSize],
    ['grad_accumulation', gradAccumulation],
  ]
  for (const [name, count] of counts)
    if (count > windows)
      throw new EngineError(
        'bad-recipe',
        `${place}.${name} is ${count} and the data has ${windows} windows; use at most ${windows}`,
      )
}
