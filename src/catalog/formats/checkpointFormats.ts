// Formats of weights, one row each, with the names of their files, in the order in which transformers looks for them. Also what file
// names show: which file of a folder is the model, and the model's name. engine/checkpoint/readHeaders.ts reads each format. GGUF has
// no row, since GGUF files can only be inspected.

export interface CheckpointFormat {
  readonly id: 'safetensors' | 'torch'
  readonly title: string
  /** Name of a model in a single file, and of the index of a model in several files. */
  readonly single: string
  readonly index: string
  /** Suffixes of files in this format, and of their indices. */
  readonly suffix: string
  readonly indexSuffix: string
  /** Other suffixes of files that the user may name. */
  readonly otherSuffixes: readonly string[]
  /** Matches names that only weights of a model have. */
  readonly weights: RegExp
  /** Whether the only file with the suffix in a folder is its model, whatever the file's name. */
  readonly anyName: boolean
}

export const safetensors: CheckpointFormat = {
  id: 'safetensors',
  title: 'safetensors',
  single: 'model.safetensors',
  index: 'model.safetensors.index.json',
  suffix: '.safetensors',
  indexSuffix: '.safetensors.index.json',
  otherSuffixes: [],
  weights: /\.safetensors$/,
  anyName: true,
}

/** Trainers leave other `.bin` files beside the model, such as training_args.bin. */
export const torch: CheckpointFormat = {
  id: 'torch',
  title: 'PyTorch',
  single: 'pytorch_model.bin',
  index: 'pytorch_model.bin.index.json',
  suffix: '.bin',
  indexSuffix: '.bin.index.json',
  otherSuffixes: ['.pt', '.pth'],
  weights: /^pytorch_model(-\d{5}-of-\d{5})?\.bin$/,
  anyName: false,
}

export const checkpointFormats: readonly CheckpointFormat[] = [safetensors, torch]

/** Format by the file's name; null for an unknown one. */
export function formatOf(fileName: string): CheckpointFormat | null {
  const name = fileName.toLowerCase()
  const suffixes = ({ suffix, indexSuffix, otherSuffixes }: CheckpointFormat) => [suffix, indexSuffix, ...otherSuffixes]
  return checkpointFormats.find((format) => suffixes(format).some((suffix) => name.endsWith(suffix))) ?? null
}

/** Whether a file's name alone shows that it contains weights of a model, or is their index. */
export function isWeights(fileName: string): boolean {
  return (
    isGguf(fileName) ||
    checkpointFormats.some(({ weights, indexSuffix }) => weights.test(fileName) || fileName.endsWith(indexSuffix))
  )
}

/** `isWeights` as globs, without GGUF, for finding and watching files. */
export const weightsGlobs = ['*.safetensors', 'pytorch_model*.bin']
export const indexGlobs = checkpointFormats.map(({ indexSuffix }) => `*${indexSuffix}`)

/** A part of a model in several files: `-00001-of-00002` before the suffix. */
export function isShard(fileName: string): boolean {
  return indexNamesOf(fileName).length > 0
}

/** Possible names of the index of a shard; empty if the file is not a shard. */
export function indexNamesOf(fileName: string): string[] {
  const format = formatOf(fileName)
  const stem = format && fileName.slice(0, -format.suffix.length)
  const whole = stem?.replace(/-\d{5}-of-\d{5}$/, '')
  return format && whole !== undefined && whole !== stem ? [`${whole}${format.indexSuffix}`, format.index] : []
}

export interface ModelEntry {
  readonly format: CheckpointFormat
  readonly kind: 'single' | 'sharded'
  /** Name of the weight file or of the index. */
  readonly entry: string
}

/**
 * The model among a folder's file names: the conventional names of all formats first, in transformers' order, since an
 * adapter beside a model may have another format; then the only file of its kind.
 */
export function modelEntry(names: readonly string[]): ModelEntry | null {
  for (const format of checkpointFormats) {
    if (names.includes(format.single)) return { format, kind: 'single', entry: format.single }
    if (names.includes(format.index)) return { format, kind: 'sharded', entry: format.index }
  }
  for (const format of checkpointFormats) {
    const indexes = names.filter((n) => n.endsWith(format.indexSuffix))
    if (indexes.length === 1) return { format, kind: 'sharded', entry: indexes[0] }
    const files = format.anyName ? names.filter((n) => n.endsWith(format.suffix)) : []
    if (files.length === 1 && !isShard(files[0])) return { format, kind: 'single', entry: files[0] }
  }
  return null
}

const usualFile = /^(pytorch_)?model(-\d{5}-of-\d{5})?\.(safetensors|bin)(\.index\.json)?$/

/**
 * Name of the model at `path`, a folder, or a weights file or index in it: the folder's name, the file's if it is not a usual one,
 * or the repository's for a snapshot of the Hugging Face cache, whose folder is a hash.
 */
export function modelLabel(path: string): string {
  const parts = path.split(/[\\/]/).filter((part) => part !== '')
  const last = parts.at(-1) ?? path
  if (isWeights(last)) {
    if (!usualFile.test(last) || parts.length === 1) return last
    parts.pop()
  }
  return repositoryOf(parts) ?? parts.at(-1) ?? path
}

/** `org/name` from …/models--org--name/snapshots/HASH; null for other paths. */
function repositoryOf(parts: readonly string[]): string | null {
  const [home, snapshots] = parts.slice(-3)
  return snapshots === 'snapshots' && home?.startsWith('models--') && parts.length >= 3
    ? home.slice('models--'.length).replace('--', '/')
    : null
}

// GGUF: a large model is split into files that llama.cpp numbers; any of them names the model.

const split = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/is

/** No model has more files; without a limit, a name alone could ask for a hundred thousand. */
const maxParts = 1000

export function isGguf(fileName: string): boolean {
  return /\.gguf$/i.test(fileName)
}

/** Names of all files of a split model, in order; the name alone for a file that is whole. */
export function ggufParts(fileName: string): string[] {
  const [, stem, number, count] = split.exec(fileName) ?? []
  const suffix = fileName.slice(-'.gguf'.length)
  if (stem === undefined || Number(number) < 1 || Number(number) > Number(count) || Number(count) > maxParts)
    return [fileName]
  return Array.from(
    { length: Number(count) },
    (_, i) => `${stem}-${String(i + 1).padStart(number.length, '0')}-of-${count}${suffix}`,
  )
}

/** Why a GGUF file can only be inspected, and what to do instead; the end of a sentence. */
export const ggufRemedy =
  'made for inference, it can be looked at and compared, but not pruned, run or evaluated; take the model that it was made from, saved as safetensors, and convert the result'

/** The note that a run saves beside its checkpoint: how it was made. */
export const noteName = 'sparsescope.json'
export const maxNoteBytes = 2 ** 28
