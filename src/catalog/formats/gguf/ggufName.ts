// Names of GGUF files. A large model is split into files that llama.cpp numbers; any of them stands for all.

const split = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/is

/** More files are none of a model: a name alone would make a hundred thousand. */
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

/** Why such a file is looked at only, and what to do instead; the end of a sentence. */
export const ggufRemedy =
  'made for inference, it can be looked at and compared, but not pruned, run or evaluated; take the model that it was made from, saved as safetensors, and convert the result'
