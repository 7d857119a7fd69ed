// The scalars of a recipe as they are written: rules about YAML dialects need the source, not the value.
import type { Scalar } from 'yaml'
import type { LintContext } from './context.ts'
import { replaceRange } from '../recipe/edits.ts'
import type { Range, TextEdit } from '../recipe/finding.ts'

export interface PlainScalar {
  text: string
  range: Range
  scalar: Scalar
}

/** Unquoted scalars, keys too. */
export function* plainScalars({ document, scalars }: LintContext): Iterable<PlainScalar> {
  for (const scalar of scalars) {
    if (scalar.type !== 'PLAIN' || !scalar.range || scalar.range[1] <= scalar.range[0]) continue
    const [start, end] = scalar.range
    yield { text: document.text.slice(start, end), range: document.range(start, end), scalar }
  }
}

export function replaceScalar({ document }: LintContext, scalar: Scalar, newText: string): TextEdit[] {
  return scalar.range ? [replaceRange(document, scalar.range[0], scalar.range[1], newText)] : []
}
