// Hessians of a block that do not fit the memory together are gathered one group of shared inputs after the other, from the
// end of the block: an input depends on the linears before it alone, so pruning those behind it changes nothing it has seen.
import type { Linear } from '../model/module.ts'

/** Bytes of a group's Hessians, and of a factor or an inverse of the largest beside them. */
const groupBytes = (channels: readonly number[]): number =>
  channels.reduce((sum, n) => sum + 4 * n ** 2, 4 * Math.max(...channels) ** 2)

/** `inputKey`s by group, the last of the block first; one group when all fit into `bytes`, else at least one key in each. */
export function hessianGroups(
  linears: readonly Pick<Linear, 'name' | 'inputKey' | 'weight'>[],
  wants: (name: string) => boolean,
  bytes: number,
): ReadonlySet<string>[] {
  const channels = new Map<string, number>()
  for (const { name, inputKey, weight } of linears) if (wants(name)) channels.set(inputKey, weight.shape[1])
  const groups: Map<string, number>[] = []
  for (const [key, width] of [...channels].reverse()) {
    const last = groups.at(-1)
    if (last && groupBytes([...last.values(), width]) <= bytes) last.set(key, width)
    else groups.push(new Map([[key, width]]))
  }
  return groups.map((group) => new Set(group.keys()))
}
