// Masks that a checkpoint brings along: from its mask file, or from its exact zeros.
import { blockLinears } from '../../../shared/families/parameters.ts'
import { formatShare } from '../../../shared/format/numbers.ts'
import { sparsityOf } from '../../../shared/format/sparsity.ts'
import { explicitMasks } from '../../checkpoint/explicitMasks.ts'
import { maskFileName } from '../../checkpoint/maskFile.ts'
import { EngineError } from '../../errors.ts'
import type { Model } from '../../model/model.ts'
import { decode, readWeight } from '../../model/weightIo.ts'
import { maskOfZeros, zeroCountOf, zerosOf, type Mask } from '../../prune/mask.ts'

/** Masks of the block linears by module name; null when the checkpoint holds none. */
export async function ownMasksOf(model: Model): Promise<Map<string, Mask> | null> {
  const { checkpoint, config } = model
  const own = await explicitMasks(checkpoint)
  if (!own) return null
  const masks = new Map<string, Mask>()
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

/**
 * The masks of a recipe without `prune`: of the file, else the exact zeros of the block linears, with a warning. A
 * linear without zeros has none.
 */
export async function masksOfPrunedModel(model: Model, warn: (message: string) => void): Promise<Map<string, Mask>> {
  const given = await ownMasksOf(model)
  if (given) return given
  const masks = new Map<string, Mask>()
  for (const { name, shape } of blockLinears(model.config)) {
    const parameter = model.parameters.get(`${name}.weight`)
    if (!parameter) continue
    const mask = maskOfZeros(decode(await readWeight(model, parameter)), shape[0], shape[1])
    if (zerosOf(mask) > 0) masks.set(name, mask)
  }
  const sparsity = sparsityOfModel(model, masks)
  warn(
    `The recipe prunes nothing and ${model.checkpoint.folder} has no ${maskFileName}: the exact zeros of the block linears (${formatShare(sparsity)}) are taken as the mask`,
  )
  return masks
}

/** Pruned share of the weights of all block linears, those without a mask included. */
export function sparsityOfModel({ config }: Model, masks: ReadonlyMap<string, Mask>): number | null {
  return sparsityOf(
    blockLinears(config).map(({ name, shape: [rows, columns] }) => {
      const mask = masks.get(name)
      return mask ? zeroCountOf(mask) : { zeros: 0, size: rows * columns }
    }),
  )
}
