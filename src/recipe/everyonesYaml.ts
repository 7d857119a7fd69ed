// YAML that PyYAML, which reads 1.1, and this program, which reads 1.2, take for the same values.
import { visit, type Document, type ScalarTag, type Tags } from 'yaml'
import { numberText } from './edits.ts'

/** PyYAML reads `1e-7` as a string. */
const everyonesNumber: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  identify: (value) => typeof value === 'number',
  // Never when it is read.
  test: /$^/,
  resolve: Number,
  stringify: ({ value }) => numberText(value as number),
}

/** Option of a document that is written. */
export const customTags = (tags: Tags): Tags => [everyonesNumber, ...tags]

/** Octal numbers of 1.2 (`0o17`), which are words in a document of 1.1. */
export function quoteOctals(document: Document): void {
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && /^0o[0-7]+$/.test(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
}
