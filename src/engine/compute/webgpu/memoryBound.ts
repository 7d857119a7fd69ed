// Bounds the measurement of a GPU's memory: some drivers lend the host's memory instead of refusing, and then
// everything is slow and nothing fails.
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { machineMemoryBytes } from '../../machineMemory.ts'

/** Bytes; Infinity where the driver refuses what it does not have. `cards` lists the machine's GPUs as Linux does. */
export async function memoryBound(
  vendor: string,
  platform = process.platform,
  cards = '/sys/class/drm',
): Promise<number> {
  // Direct3D moves what does not fit into the host's memory.
  if (platform === 'win32') return machineMemoryBytes() / 2
  if (platform === 'linux' && /amd/i.test(vendor)) return (await freeVideoMemory(cards)) ?? Infinity
  return Infinity
}

/** Free bytes, by the kernel, of the AMD card that has most: Mesa's driver goes on in the host's memory. null: not known. */
async function freeVideoMemory(cards: string): Promise<number | null> {
  const read = async (card: string, what: string) =>
    Number(await readFile(join(cards, card, 'device', `mem_info_vram_${what}`), 'utf8').catch(() => NaN))
  let most: number | null = null
  for (const card of (await readdir(cards).catch(() => [])).filter((name) => /^card\d+$/.test(name))) {
    const free = (await read(card, 'total')) - (await read(card, 'used'))
    if (free > (most ?? 0)) most = free
  }
  return most
}
