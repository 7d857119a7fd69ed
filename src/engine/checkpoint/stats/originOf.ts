// The origin from which a tensor's numbers are counted. Sums of squares lose the spread of numbers that all lie far from zero, as a
// norm's weights do, and counts by exponent put them into one place.
import type { Checkpoint, TensorEntry } from '../checkpoint.ts'
import type { ElementFormat } from './elementFormat.ts'

const places = 4
const perPlace = 256
/** A mean counts as far from zero beyond this many standard deviations: nearer, nothing is lost. */
const farDeviations = 2

/**
 * The median of a thousand of the tensor's numbers where they lie far from zero, else 0. The sample is fixed, so every thread finds
 * the same. Narrow types need none: their patterns say everything.
 */
export async function originOf(checkpoint: Checkpoint, entry: TensorEntry, format: ElementFormat): Promise<number> {
  if (format.kind === 'narrow') return 0
  const elements = entry.bytes / format.bytes
  const starts =
    elements <= places * perPlace ? [0] : Array.from({ length: places }, (_, i) => Math.floor((i * elements) / places))
  const each = Math.min(elements, starts.length === 1 ? places * perPlace : perPlace)
  const sample: number[] = []
  for (const start of starts) {
    const bytes = await checkpoint.readRange(entry.name, start * format.bytes, (start + each) * format.bytes)
    for (const number of format.values(bytes.buffer, each)) if (Number.isFinite(number)) sample.push(number)
  }
  if (sample.length === 0) return 0
  const middle = sample.sort((a, b) => a - b)[sample.length >> 1]
  const distances = sample.map((number) => number - middle)
  const mean = distances.reduce((sum, distance) => sum + distance, 0) / sample.length
  const variance = distances.reduce((sum, distance) => sum + (distance - mean) ** 2, 0) / sample.length
  return Math.abs(middle + mean) > farDeviations * Math.sqrt(variance) ? middle : 0
}
