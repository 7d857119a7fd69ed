import { blockLinears } from '../../shared/families/parameters.ts'
import type { Model } from '../model/model.ts'
import { zerosOf, type Mask } from '../prune/mask.ts'

/** Pruned share of the weights of all block linears, those without a mask included. */
export function sparsityOfModel({ config }: Model, masks: ReadonlyMap<string, Mask>): number {
  let zeros = 0
  let size = 0
  for (const { name, shape } of blockLinears(config)) {
    const mask = masks.get(name)
    if (mask) zeros += zerosOf(mask)
    size += shape[0] * shape[1]
  }
  return zeros / size
}
