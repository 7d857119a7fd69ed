// Every operation at the shapes that break kernels. Each backend runs all of them (checkCase).
import { adapterCases } from './adapters.ts'
import { attentionCases } from './attention.ts'
import { elementwiseCases } from './elementwise.ts'
import { normCases } from './norms.ts'
import type { OpCase } from './opCase.ts'
import { productCases } from './products.ts'
import { rowCases } from './rows.ts'
import { trainingCases } from './training.ts'

export const groups: Readonly<Record<string, readonly OpCase[]>> = {
  products: productCases,
  adapters: adapterCases,
  rows: rowCases,
  norms: normCases,
  attention: attentionCases,
  elementwise: elementwiseCases,
  training: trainingCases,
}

const size = ({ tensors }: OpCase) => Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0)

/** The cases of each kernel, those of each element type and those with a cap apart, from the smallest to the largest. */
const kinds: readonly (readonly OpCase[])[] = (() => {
  const found = new Map<string, OpCase[]>()
  for (const c of Object.values(groups).flat()) {
    const kind = [c.name.split(' ')[0], ...(c.name.match(/\b(f32|bf16|f16|cap)\b/g) ?? [])].join(' ')
    found.set(kind, [...(found.get(kind) ?? []), c])
  }
  return [...found.values()].map((cases) => cases.sort((a, b) => size(a) - size(b)))
})()

/** The case in the middle of each kind. */
export const oneOfEach = kinds.map((cases) => cases[cases.length >> 1])
/** The case of the most workgroups of each kind. */
export const largestOfEach = kinds.map((cases) => cases[cases.length - 1])
