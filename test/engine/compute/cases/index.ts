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
