// The block and module of a tensor from its name alone, which is enough for views, also of unknown families.

export interface Place {
  /** Transformer block, or null outside of the blocks. */
  block: number | null
  /** Name inside the block without `.weight` or `.bias`, an expert's number replaced by `*`. */
  module: string
}

const blockNumber = /(?:^|\.)(?:layers|layer|h|blocks|block|encoder|decoder)\.(\d+)\./
const expertNumber = /(^|\.)experts\.\d+(?=\.|$)/

export function placeOf(name: string): Place {
  const found = blockNumber.exec(name)
  const rest = found ? name.slice(found.index + found[0].length) : name
  const module = rest.replace(/\.(weight|bias)$/, '').replace(expertNumber, '$1experts.*')
  return { block: found ? Number(found[1]) : null, module }
}
