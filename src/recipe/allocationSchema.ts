// Keys of a pruning step that say how its one sparsity is spread over the blocks.
import * as z from 'zod'
import { allocationKeys, tried, type AllocationKey } from '../catalog/allocations/allocation.ts'
import {
  allocationNames,
  allocationOf,
  defaultAllocation,
  keysOf,
  type AllocationName,
} from '../catalog/allocations/allocations.ts'
import { about, optional } from './aboutKey.ts'
import { triedWindows } from './defaults.ts'

/** Allocations with settings of their own. */
export type SettledAllocation = Exclude<AllocationName, typeof defaultAllocation>
const settled = allocationNames.filter((name): name is SettledAllocation => keysOf(name).length > 0)

function allocationKey(name: SettledAllocation) {
  const key = (key: AllocationKey) => {
    const { about: text, most } = allocationKeys[key]
    const { keys, tries } = allocationOf(name)
    const number = z.number().gt(0).max(most)
    const described = (more = '') => about(`${text}${more}`, { default: keys[key] })
    if (!tries[key]) return number.meta(described()).optional()
    const auto = ` \`${tried}\`: the run tries three on ${triedWindows} windows of the calibration text, and takes the one with the lowest loss of the pruned model.`
    return z
      .union([number, z.literal(tried)])
      .meta(described(auto))
      .optional()
  }
  return optional(
    z.strictObject(Object.fromEntries(keysOf(name).map((k) => [k, key(k)]))),
    `Settings of \`allocation: ${name}\`.`,
  )
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
  allocation: optional(
    z.enum(allocationNames),
    ['How one sparsity is spread over the blocks; its mean over the weights stays.', ...allocationLines].join('\n'),
    {
      default: defaultAllocation,
    },
  ),
  ...settings,
}
