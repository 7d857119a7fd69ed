import { EngineError } from '../errors.ts'

/** Ids that the embedding has no row for would read past its end. @throws EngineError 'bad-data'. */
export function checkIds(ids: Int32Array, vocabSize: number, path: string): void {
  const at = ids.findIndex((id) => id < 0 || id >= vocabSize)
  if (at < 0) return
  throw new EngineError(
    'bad-data',
    `${path}: id ${ids[at]} at position ${at}, but the model knows 0 to ${vocabSize - 1}; are the ids or the tokenizer another model's?`,
  )
}
