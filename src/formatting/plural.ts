// A number and what it counts: "1 tensor", "2 tensors".
import { formatCount } from './numbers.ts'

/** `many`: the plural where it is not made by an s. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}
