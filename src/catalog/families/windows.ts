// Finds the blocks that attend through a sliding window.
import { FamilyError, unknownValue } from './familyError.ts'
import type { WindowSpec } from './familySpec.ts'
import { readFlag, readSize, wrong, type ConfigJson } from './settings.ts'

/** The window of each block, 0 = none. `layer_types`, where given, decides by block. */
export function readWindows(config: ConfigJson, spec: WindowSpec | null, numBlocks: number): number[] {
  const none = new Array<number>(numBlocks).fill(0)
  if (!spec) return none
  if (spec.enabledKey !== null && !readFlag(config, spec.enabledKey, false)) return none
  const value = config[spec.key] === undefined ? spec.otherwise : config[spec.key]
  if (value === null) return none
  const window = readSize({ [spec.key]: value }, spec.key)
  const types = spec.byType ? config['layer_types'] : null
  if (types !== undefined && types !== null) return byType(types, window, numBlocks)
  const { pattern } = spec
  if (pattern) {
    const every = pattern.everyKey ? readSize(config, pattern.everyKey, pattern.every) : pattern.every
    return none.map((_, block) => ((block + 1) % every === 0 ? 0 : window))
  }
  // Index of the first block with a window, counted from 0. If it is 0, all blocks have the window.
  const first = spec.firstBlockKey === null ? 0 : (config[spec.firstBlockKey] ?? spec.firstBlock)
  if (typeof first !== 'number' || !Number.isInteger(first) || first < 0) {
    throw wrong(spec.firstBlockKey ?? spec.key, first, 'a whole number of at least 0')
  }
  return none.map((_, block) => (block >= first ? window : 0))
}

function byType(types: unknown, window: number, numBlocks: number): number[] {
  if (!Array.isArray(types) || types.length < numBlocks) {
    throw new FamilyError('bad-config', `layer_types must be a list with an entry for each of the ${numBlocks} blocks`)
  }
  return types.slice(0, numBlocks).map((type) => {
    if (type === 'sliding_attention') return window
    if (type === 'full_attention') return 0
    throw unknownValue('layer_types', type, ['full_attention', 'sliding_attention'])
  })
}
