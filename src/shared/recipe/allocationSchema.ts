// Keys of a pruning step that say how its one sparsity is spread over the blocks.
import * as z from 'zod'
import { allocationKeys, type AllocationKey } from '../allocations/allocation.ts'
import {
  allocationNames,
  allocationOf,
  defaultAllocation,
  keysOf,
  type AllocationName,
} from '../allocations/allocations.ts'
import { about } from './aboutKey.ts'

/** Allocations with settings of their own. */
export type SettledAllocation = Exclude<AllocationName, typeof defaultAllocation>
const settled = allocationNames.filter((name): name is SettledAllocation => keysOf(name).length > 0)

function allocationKey(name: SettledAllocation) {
  const key = (key: AllocationKey) => {
    const { about: text, most } = allocationKeys[key]
    return z
      .number()
      .gt(0)
      .max(most)
      .meta(about(text, { default: allocationOf(name).keys[key] }))
      .optional()
  }
  return z
    .strictObject(Object.fromEntries(keysOf(name).map((k) => [k, key(k)])))
    .meta(about(`Settings of \`allocation: ${name}\`.`))
    .optional()
}

const settings = Object.fromEntries(settled.map((name) => [name, allocationKey(name)])) as Record<
  SettledAllocation,
  ReturnType<typeof allocationKey>
>

const allocationLines = allocationNames.map((name) => {
  const { about: text, paper, needs } = allocationOf(name)
  return `- \`${name}\`: ${text}${paper === null ? '' : ` (${paper})`}${needs === 'nothing' ? '' : ', needs calibration'}`
})

export const allocationShape = {
  allocation: z
    .enum(allocationNames)
    .meta(
      about(
        ['How one sparsity is spread over the blocks; its mean over the weights stays.', ...allocationLines].join('\n'),
        {
          default: defaultAllocation,
        },
      ),
    )
    .optional(),
  ...settings,
}
