// Chooses the files of a repository that a checkpoint needs: config, tokenizer, and the weights in one format. Repositories hold
// the same weights for several frameworks, and pictures and code besides.
import { checkpointFormats, type CheckpointFormat } from '../../shared/format/checkpointFormats.ts'
import { quoted } from '../../shared/format/formatError.ts'
import { modelEntry, type ModelEntry } from '../../shared/format/modelEntry.ts'
import { hasControl } from '../../shared/format/safetensorsHeader.ts'
import { EngineError } from '../errors.ts'
import type { RemoteFile } from './hubFiles.ts'

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

/** Config, tokenizer, chat template and notes of a run, which are read beside the weights. */
const companion = /^(?!.*\.index\.json$)[^/]+\.(json|txt|model|jinja|mask)$/

/** Config, tokenizer and what `include` names. @throws EngineError when a pattern finds nothing or a name leaves the folder. */
export function besideWeights(files: readonly RemoteFile[], { include, exclude }: FileChoice): RemoteFile[] {
  for (const pattern of include)
    if (!files.some(({ path }) => matches(path, [pattern])))
      throw new EngineError('usage', `--include ${pattern}: the repository has no such file; check its name`)
  const wanted = files.filter(({ path }) => matches(path, include) || (companion.test(path) && isPlain(path)))
  return wanted.filter(({ path }) => !matches(path, exclude)).map(checked)
}

/** The weight file or the index of the model. @throws EngineError when there is none. */
export function weightsEntry(files: readonly RemoteFile[], choice: FileChoice, model: string): ModelEntry {
  const formats = checkpointFormats.filter(({ id }) => choice.weights === 'auto' || id === choice.weights)
  const names = files.map(({ path }) => path).filter((path) => !path.includes('/') && !matches(path, choice.exclude))
  const entry = modelEntry(names, formats)
  if (entry) return entry
  const wanted = formats.flatMap(({ single, index }) => [single, index]).join(', ')
  throw new EngineError(
    'bad-checkpoint',
    `${model} has none of ${wanted}; choose a model with such weights, or --weights none for the rest`,
  )
}

/** Files of weights by name. @throws EngineError when one is not there, or left out: a model lacks nothing that its index names. */
export function weightFiles(
  names: readonly string[],
  files: readonly RemoteFile[],
  { exclude }: FileChoice,
): RemoteFile[] {
  const known = new Map(files.map((file) => [file.path, file]))
  return names.map((name) => {
    const file = known.get(name)
    if (!file)
      throw new EngineError('bad-checkpoint', `the index names ${quoted(name)}, which is not there; tell its authors`)
    if (!matches(name, exclude)) return checked(file)
    throw new EngineError(
      'usage',
      `--exclude leaves ${quoted(name)} out, and the model does not open without it; --weights none leaves out all weights`,
    )
  })
}

function matches(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
    return new RegExp(`^${parts.join('[^/]*')}$`).test(path)
  })
}

/** Whether a name becomes a path below the snapshot, on Windows too: no control character, drive, stream or other folder. */
function isPlain(path: string): boolean {
  const parts = path.split('/')
  const plain = parts.every((part) => !/^\.{0,2}$/.test(part) && Buffer.byteLength(part) <= 255)
  return plain && parts.length <= 32 && !hasControl(path) && !/[\\:]/.test(path)
}

function checked(file: RemoteFile): RemoteFile {
  if (isPlain(file.path)) return file
  throw new EngineError(
    'bad-checkpoint',
    `the server lists a file called ${quoted(file.path)}, which is no name in a folder; nothing of it is fetched`,
  )
}
