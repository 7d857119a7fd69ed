// Chooses the files of a repository that a checkpoint needs: config, tokenizer, and the weights in one format. Repositories hold
// the same weights for several frameworks, and pictures and code besides.
import { checkpointFormats, modelEntry, type ModelEntry } from '../../catalog/formats/checkpointFormats.ts'
import { quoted } from '../../errors.ts'
import { hasControl } from '../../catalog/formats/safetensorsHeader.ts'
import { EngineError } from '../errors.ts'
import type { RemoteFile } from './hubFiles.ts'

/** Files that SparseScope reads beside the weights, or what loads the result of a run. */
const companion =
  /^((generation_)?config|tokenizer(_config)?|special_tokens_map|added_tokens|vocab|chat_template|sparsescope)\.json$|^(vocab|merges)\.txt$|^(tokenizer|spiece|sentencepiece\.bpe)\.model$|^chat_template\.jinja$|^sparsescope\.mask$/

/** Config, tokenizer, chat template, and the notes of a run. */
export function besideWeights(files: ReadonlyMap<string, RemoteFile>): RemoteFile[] {
  return [...files.values()].filter(({ path }) => companion.test(path))
}

/** The weight file or the index of the model: safetensors where there are some, else PyTorch's. @throws EngineError when there is none. */
export function weightsEntry(files: ReadonlyMap<string, RemoteFile>, model: string): ModelEntry {
  const entry = modelEntry([...files.keys()].filter((path) => !path.includes('/')))
  if (entry) return entry
  const wanted = checkpointFormats.flatMap(({ single, index }) => [single, index]).join(', ')
  throw new EngineError('bad-checkpoint', `${model} has none of ${wanted}; choose a model with such weights`)
}

/** Files of weights by name. @throws EngineError when one is not there, or its name leads elsewhere. */
export function weightFiles(names: readonly string[], files: ReadonlyMap<string, RemoteFile>): RemoteFile[] {
  return names.map((name) => {
    const file = files.get(name)
    if (!file)
      throw new EngineError('bad-checkpoint', `the index names ${quoted(name)}, which is not there; tell its authors`)
    if (isPlain(name)) return file
    throw new EngineError('bad-checkpoint', `the weights ${quoted(name)} have no name in a folder; nothing is fetched`)
  })
}

/** Whether it is a file's name in a folder, on Windows too: no other folder, drive, stream or control character. */
function isPlain(name: string): boolean {
  return !/^\.{0,2}$|[\\/:]/.test(name) && !hasControl(name) && Buffer.byteLength(name) <= 255
}
