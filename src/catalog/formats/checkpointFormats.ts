// Formats of weights, one row each: the names of its files, in the order in which transformers
// looks for them. How each is read stands in engine/checkpoint/readHeaders.ts. GGUF (gguf/ggufName.ts) is none of them: it is only
// looked at.
import { isGguf } from './gguf/ggufName.ts'

export interface CheckpointFormat {
  readonly id: 'safetensors' | 'torch'
  readonly title: string
  /** Names of a model in one file, and of the index of one in several. */
  readonly single: string
  readonly index: string
  /** Suffixes of files in this format, and of their indices. */
  readonly suffix: string
  readonly indexSuffix: string
  /** Others that a person may name. */
  readonly otherSuffixes: readonly string[]
  /** Files that are of a model by their names alone. */
  readonly weights: RegExp
  /** Whether the only file of the suffix in a folder is its model, whatever it is called. */
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

/** Whether a file is of a model by its name alone: weights, or an index of them. */
export function isWeights(fileName: string): boolean {
  return (
    isGguf(fileName) ||
    checkpointFormats.some(({ weights, indexSuffix }) => weights.test(fileName) || fileName.endsWith(indexSuffix))
  )
}

/** `isWeights` as globs but for GGUF, for who looks for files or watches them. */
export const weightsGlobs = ['*.safetensors', 'pytorch_model*.bin']
export const indexGlobs = checkpointFormats.map(({ indexSuffix }) => `*${indexSuffix}`)

/** A part of a model in several files: `-00001-of-00002` before the suffix. */
export function isShard(fileName: string): boolean {
  return indexNamesOf(fileName).length > 0
}

/** Possible names of the index of a shard; none for what is no shard. */
export function indexNamesOf(fileName: string): string[] {
  const format = formatOf(fileName)
  const stem = format && fileName.slice(0, -format.suffix.length)
  const whole = stem?.replace(/-\d{5}-of-\d{5}$/, '')
  return format && whole !== undefined && whole !== stem ? [`${whole}${format.indexSuffix}`, format.index] : []
}
