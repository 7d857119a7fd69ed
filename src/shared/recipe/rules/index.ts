// All rules, in the order of the documentation.
import type { Rule } from '../rule.ts'
import { y1, y2, y3, y4, y5, y6 } from './yaml.ts'
import { s1, s2, s3, s8 } from './keys.ts'
import { s6 } from './keysWithoutEffect.ts'
import { s7 } from './values.ts'
import { s4, s10, l6 } from './wholeRecipe.ts'
import { s9, s12, s13, g4 } from './sweeps.ts'
import { t1, t2, t7, t9, t14 } from './targetNames.ts'
import { t3, t4, t5, t6 } from './targetPatterns.ts'
import { t8, t10, t11, t12, t13 } from './targetModules.ts'
import { n1, n2, n3, n4, n5, n9 } from './nmPatterns.ts'
import { n6, n7, n10, n11, n12 } from './sparsity.ts'
import { n13 } from './allocation.ts'
import { m1, m2, m3, m4 } from './calibration.ts'
import { m6, m7, c6 } from './dataFiles.ts'
import { m5, m8, l4, l5 } from './dataLength.ts'
import { l1, l2, l3 } from './learningRate.ts'
import { l7 } from './rounds.ts'
import { r1, r5, r6 } from './adapters.ts'
import { s5, r2, r3, r4, r7, r10 } from './trainable.ts'
import { r8, r9 } from './maskKept.ts'
import { r11, r12, r13 } from './recoveries.ts'
import { c1, c2, c3, c4, c5, c7, c8 } from './checkpoint.ts'
import { g1, g2, g3 } from './resources.ts'
import { n8, x1, x2, x3 } from './foreignTools.ts'

// prettier-ignore
export const rules: readonly Rule[] = [
  y1, y2, y3, y4, y5, y6,
  s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s12, s13,
  t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14,
  n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12, n13,
  m1, m2, m3, m4, m5, m6, m7, m8,
  r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13,
  l1, l2, l3, l4, l5, l6, l7,
  c1, c2, c3, c4, c5, c6, c7, c8,
  g1, g2, g3, g4,
  x1, x2, x3,
]
