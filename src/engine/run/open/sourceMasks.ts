// Masks that a checkpoint brings along: from its mask file, or from its exact zeros.
import { createHash } from 'node:crypto'
import { blockLinears, type Parameter } from '../../../catalog/families/parameters.ts'
import { formatShare } from '../../../formatting/numbers.ts'
import { sparsityOf, type ZeroCount } from '../../../catalog/formats/sparsity.ts'
import { explicitMasks } from '../../checkpoint/explicitMasks.ts'
import { maskFileName } from '../../checkpoint/maskFile.ts'
import type { StoredMask, StoredMasks } from '../../checkpoint/storedMask.ts'
import { maskWords } from '../../../catalog/formats/maskFile.ts'
import { EngineError } from '../../errors.ts'
import type { Model } from '../../model/model.ts'
import { decode, readWeight } from '../../model/weights.ts'
import { maskOfZeros, zeroCountOf } from '../../prune/mask.ts'

/** Weights that are read together. */
const pieceLength = 8 * 2 ** 20

/**
 * Masks of the requested block linears, by module name; null when the checkpoint contains no mask. Reads each of their weights:
 * what a mask prunes must be 0 already. @throws EngineError 'bad-checkpoint' where it is not.
 */
export async function ownMasksOf(
  model: Model,
  wanted: (linear: string) => boolean = () => true,
): Promise<Map<string, StoredMask> | null> {
  const found = await foundMasks(model)
  if (!found) return null
  const masks = new Map([...found].filter(([name]) => wanted(name)))
  for (const [name, mask] of masks) {
    const parameter = model.parameters.get(`${name}.weight`)
    const filled = parameter ? await filledWeights(model, parameter, mask) : 0
    if (filled > 0)
      throw new EngineError(
        'bad-checkpoint',
        `${model.checkpoint.folder}: ${filled} weights of ${name} are not 0 although ${maskFileName} says that they are pruned: the mask is older than the weights. Remove it: the run then takes the exact zeros as the mask`,
      )
  }
  return masks
}

/** Counts the weights that the mask prunes although they are not 0. */
async function filledWeights(model: Model, parameter: Parameter, mask: StoredMask): Promise<number> {
  const { words, columns } = await mask.read()
  const perRow = maskWords(columns)
  let filled = 0
  const step = parameter.transposed ? mask.rows : Math.max(1, Math.floor(pieceLength / columns))
  for (let start = 0; start < mask.rows; start += step) {
    const end = Math.min(start + step, mask.rows)
    const values = decode(await readWeight(model, parameter, { start, end }))
    for (let row = start, i = 0; row < end; row++)
      for (let c = 0; c < columns; c++, i++)
        if (values[i] !== 0 && ((words[row * perRow + (c >> 5)] >>> (c & 31)) & 1) === 0) filled++
  }
  return filled
}

async function foundMasks(model: Model): Promise<Map<string, StoredMask> | null> {
  const { checkpoint, config } = model
  const own = await explicitMasks(checkpoint)
  if (!own) return null
  const masks = new Map<string, StoredMask>()
  for (const { name, shape } of blockLinears(config)) {
    const mask = own.get(`${name}.weight`)
    if (!mask) continue
    if (mask.rows !== shape[0] || mask.columns !== shape[1])
      throw new EngineError(
        'bad-checkpoint',
        `${checkpoint.folder}: the mask of ${name} is ${mask.rows} × ${mask.columns}, its weight ${shape[0]} × ${shape[1]}; remove ${maskFileName} if it is not this model's`,
      )
    masks.set(name, mask)
  }
  return masks
}

/** A linear with a smaller share of exact zeros was not pruned: bf16 has a few zeros by itself. */
const leastPruned = 0.01

/**
 * The masks of the linears that the recipe does not prune, from the file, else their exact zeros, with a warning. Training keeps
 * these weights 0. A recipe that prunes nothing takes every zero; a linear without zeros has no mask.
 */
export async function masksBesides(
  model: Model,
  pruned: ReadonlySet<string>,
  warn: (message: string) => void,
): Promise<Map<string, StoredMask>> {
  const isOther = (name: string) => !pruned.has(name)
  const given = await ownMasksOf(model, isOther)
  if (given) return given
  const { masks, counts } = await masksOfZeros(model, isOther, pruned.size === 0 ? 0 : leastPruned)
  const { folder } = model.checkpoint
  if (pruned.size === 0)
    warn(
      `The recipe prunes nothing and ${folder} has no ${maskFileName}: the exact zeros of the block linears (${formatShare(sparsityOfModel(model, counts))}) are taken as the mask`,
    )
  else if (masks.size > 0)
    warn(
      `${folder} has no ${maskFileName}: the exact zeros (${formatShare(sparsityOf([...counts.values()]))}) of ${masks.size} linears that the recipe does not prune are taken as their mask`,
    )
  return masks
}

/** Reads every requested linear once to count its zeros. Each returned mask reads its weight again when it is needed. */
async function masksOfZeros(model: Model, wanted: (linear: string) => boolean, leastShare: number) {
  const masks = new Map<string, StoredMask>()
  const counts = new Map<string, ZeroCount>()
  for (const {
    name,
    shape: [rows, columns],
  } of blockLinears(model.config)) {
    const parameter = wanted(name) && model.parameters.get(`${name}.weight`)
    if (!parameter) continue
    const read = async () => maskOfZeros(decode(await readWeight(model, parameter)), rows, columns)
    const count = zeroCountOf(await read())
    if (count.zeros === 0 || count.zeros < leastShare * count.size) continue
    masks.set(name, { rows, columns, read })
    counts.set(name, count)
  }
  return { masks, counts }
}

export interface MaskSummary {
  /** Zeros of each mask. */
  readonly counts: ReadonlyMap<string, ZeroCount>
  /** Hash of all masks in their order, with their names and sizes. */
  readonly sha256: string
}

/** Reads each mask once. */
export async function summaryOf(masks: StoredMasks): Promise<MaskSummary> {
  const counts = new Map<string, ZeroCount>()
  const hash = createHash('sha256')
  for (const [name, stored] of masks) {
    const mask = await stored.read()
    const { rows, columns, words } = mask
    counts.set(name, zeroCountOf(mask))
    hash.update(`${name} ${rows} ${columns}\n`).update(new Uint8Array(words.buffer, words.byteOffset, words.byteLength))
  }
  return { counts, sha256: hash.digest('hex') }
}

/** Pruned share of the weights of all block linears, those without a mask included. */
export function sparsityOfModel({ config }: Model, counts: ReadonlyMap<string, ZeroCount>): number | null {
  return sparsityOf(
    blockLinears(config).map(
      ({ name, shape: [rows, columns] }) => counts.get(name) ?? { zeros: 0, size: rows * columns },
    ),
  )
}
