// Chooses the files of a repository that a checkpoint needs: config, tokenizer, and the weights in one format. Repositories hold
// the same weights for several frameworks, and pictures and code besides.
import { checkpointFormats, type CheckpointFormat } from '../../catalog/formats/checkpointFormats.ts'
import { quoted } from '../../errors.ts'
import { modelEntry, type ModelEntry } from '../../catalog/formats/modelEntry.ts'
import { hasControl } from '../../catalog/formats/safetensorsHeader.ts'
import { EngineError } from '../errors.ts'
import type { RemoteFile } from './repositoryFiles.ts'

export interface FileChoice {
  /** 'auto': safetensors where there are some, else PyTorch's files. 'none': config and tokenizer only. */
  readonly weights: 'auto' | 'none' | CheckpointFormat['id']
  /** Names of further files; * stands for any characters but a slash. */
  readonly include: readonly string[]
  /** Names of files that are left out, whatever else asks for them. */
  readonly exclude: readonly string[]
}

export const everyWeights: readonly FileChoice['weights'][] = ['auto', ...checkpointFormats.map(({ id }) => id), 'none']
export const defaultChoice: FileChoice = { weights: 'auto', include: [], exclude: [] }

/** Files that are read beside the weights, by SparseScope or by what loads the result of a run. */
const companions = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'vocab.txt',
  'merges.txt',
  'tokenizer.model',
  'spiece.model',
  'sentencepiece.bpe.model',
  'chat_template.jinja',
  'chat_template.json',
  'sparsescope.json',
  'sparsescope.mask',
]

/** Config, tokenizer and what `include` names. @throws EngineError when a pattern finds nothing or a name leaves the folder. */
export function besideWeights(files: readonly RemoteFile[], choice: FileChoice): RemoteFile[] {
  for (const pattern of choice.include)
    if (!files.some(({ path }) => matches(path, pattern)))
      throw new EngineError('usage', `--include ${pattern}: the repository has no such file; check its name`)
  return files
    .filter(({ path }) => {
      const wanted = companions.includes(path) || choice.include.some((pattern) => matches(path, pattern))
      return wanted && !isExcluded(path, choice)
    })
    .map(checked)
}

/** The weight file or the index of the model; null with `weights: 'none'`. @throws EngineError when there is none. */
export function weightsEntry(files: readonly RemoteFile[], choice: FileChoice, model: string): ModelEntry | null {
  if (choice.weights === 'none') return null
  const formats = checkpointFormats.filter(({ id }) => choice.weights === 'auto' || id === choice.weights)
  const names = files.map(({ path }) => path).filter((path) => !path.includes('/') && !isExcluded(path, choice))
  const entry = modelEntry(names, formats)
  if (entry) return entry
  const wanted = formats.flatMap(({ single, index }) => [single, index]).join(', ')
  throw new EngineError(
    'bad-checkpoint',
    `${model} has none of ${wanted}; choose a model with such weights, or --weights none for the rest`,
  )
}

/** Shards by name. @throws EngineError 'bad-checkpoint' when the index names a file that is not there. */
export function filesNamed(names: readonly string[], files: readonly RemoteFile[], model: string): RemoteFile[] {
  const known = new Map(files.map((file) => [file.path, file]))
  return names.map((name) => {
    const file = known.get(name)
    if (file) return checked(file)
    throw new EngineError(
      'bad-checkpoint',
      `the index of ${model} names ${quoted(name)}, which is not there; tell its authors`,
    )
  })
}

/** A model lacks nothing that its index names. @throws EngineError 'usage' where `exclude` leaves a shard out. */
export function refuseWithoutShards(index: string, shards: readonly string[], choice: FileChoice): void {
  const missing = shards.find((shard) => isExcluded(shard, choice))
  if (missing === undefined) return
  throw new EngineError(
    'usage',
    `--exclude leaves ${quoted(missing)} out, and the model of ${quoted(index)} does not open without it; --weights none leaves out all weights`,
  )
}

function isExcluded(path: string, { exclude }: FileChoice): boolean {
  return exclude.some((pattern) => matches(path, pattern))
}

function matches(path: string, pattern: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
    .join('[^/]*')
  return new RegExp(`^${source}$`).test(path)
}

/** A name that becomes a path below the snapshot. @throws EngineError 'bad-checkpoint' when it would lead anywhere else. */
function checked(file: RemoteFile): RemoteFile {
  const { path } = file
  const parts = path.split('/')
  const plain = parts.every((part) => part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= 255)
  // Refused are control characters, and what Windows reads as a drive, a stream or a folder.
  if (plain && parts.length <= 32 && !hasControl(path) && !/[\\:]/.test(path)) return file
  throw new EngineError(
    'bad-checkpoint',
    `the server lists a file called ${quoted(path)}, which is no name in a folder; nothing of it is fetched`,
  )
}
