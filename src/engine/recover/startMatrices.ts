// Start of adapters: A uniform in ±1/√in (Kaiming uniform with a = √5, as peft does), B = 0.
import { EngineError } from '../errors.ts'
import { createRng } from '../rng.ts'

/** A [rank, numIn] of the linear `name`, from a stream of random numbers of its own: what else is adapted does not change it. */
export function randomStart(seed: number, name: string, rank: number, numIn: number): Float32Array {
  const rng = createRng(seed, `lora ${name}`)
  const bound = 1 / Math.sqrt(numIn)
  return Float32Array.from({ length: rank * numIn }, () => bound * (2 * rng.uniform() - 1))
}

/** A tensor of the file that recipes name under `lora.init`, as f32, or null when it is not there. */
export type ReadStart = (tensor: string) => Promise<{ shape: readonly number[]; values: Float32Array } | null>

/** `init_A.<name>` of the file. A missing or misshapen one is an error: a repeat that is not exact is no repeat. */
export async function givenStart(
  read: ReadStart,
  name: string,
  rank: number,
  numIn: number,
  place = 'recover',
): Promise<Float32Array> {
  const tensor = `init_A.${name}`
  const found = await read(tensor)
  if (!found)
    throw new EngineError(
      'bad-data',
      `${place}.lora.init: the file has no tensor ${tensor}; add it [${rank}, ${numIn}] or leave lora.init out`,
    )
  if (found.shape.length !== 2 || found.shape[0] !== rank || found.shape[1] !== numIn)
    throw new EngineError(
      'bad-data',
      `${place}.lora.init: ${tensor} is [${found.shape.join(', ')}], expected [${rank}, ${numIn}]; set lora.rank to match`,
    )
  return found.values
}
