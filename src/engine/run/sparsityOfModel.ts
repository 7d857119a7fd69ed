import { blockLinears } from '../../shared/families/parameters.ts'
import { sparsityOf } from '../../shared/format/sparsity.ts'
import type { Model } from '../model/model.ts'
import { zeroCountOf, type Mask } from '../prune/mask.ts'

/** Pruned share of the weights of all block linears, those without a mask included. */
export function sparsityOfModel({ config }: Model, masks: ReadonlyMap<string, Mask>): number | null {
  return sparsityOf(
    blockLinears(config).map(({ name, shape: [rows, columns] }) => {
      const mask = masks.get(name)
      return mask ? zeroCountOf(mask) : { zeros: 0, size: rows * columns }
    }),
  )
}
