// The law of every parser: whatever the bytes, it ends with a value or with a sentence for people, never with another
// exception. A few hundred mutations of good files in `npm test`; a hundred times as many, from a new seed each time, in
// `npm run torture`.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { EngineError } from '../../src/engine/errors.ts'
import { FormatError } from '../../src/errors.ts'

const torture = process.env.SPARSESCOPE_TORTURE === '1'
const fixedSeed = 20261126

/** Texts that have broken parsers before: numbers at the edges, keys that mean something, depth, escapes, halves of characters. */
const bits = [
  '0',
  '-1',
  '1e999',
  '9007199254740993',
  '18446744073709551615',
  'null',
  'true',
  '""',
  '{}',
  '[]',
  '[[[[',
  '{"a":',
  '"__proto__"',
  '"constructor"',
  '\\u0000',
  '\\ud800',
  '\u001b[2J',
  '\u202e',
  '\ufeff',
  '\0',
  '\n',
  '\t',
  '*a',
  '&a ',
  '!!',
  '(a+)+$',
  '../',
  '%s',
].map((text) => Buffer.from(text))

type Edit = (bytes: Buffer) => Buffer

const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const place = (bytes: Buffer, at: number) => Math.floor(at * (bytes.length + 1))
const splice = (bytes: Buffer, start: number, end: number, put: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(Math.max(start, end))])

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(share, fc.nat(255)).map(([at, byte]): Edit => (b) => {
    const p = place(b, at)
    return splice(b, p, p + 1, Buffer.of(byte))
  }),
  fc.tuple(share, fc.nat(7)).map(([at, bit]): Edit => (b) => {
    const p = Math.min(place(b, at), b.length - 1)
    return p < 0 ? b : splice(b, p, p + 1, Buffer.of(b[p] ^ (1 << bit)))
  }),
  fc.tuple(share, fc.constantFrom(...bits), fc.nat(8)).map(
    ([at, put, over]): Edit =>
      (b) =>
        splice(b, place(b, at), place(b, at) + over, put),
  ),
  fc.tuple(share, fc.nat(40)).map(
    ([at, length]): Edit =>
      (b) =>
        splice(b, place(b, at), place(b, at) + length, Buffer.alloc(0)),
  ),
  fc.tuple(share, share, fc.nat(60)).map(([from, to, length]): Edit => (b) => {
    const piece = b.subarray(place(b, from), place(b, from) + length)
    return splice(b, place(b, to), place(b, to), piece)
  }),
  share.map(
    (at): Edit =>
      (b) =>
        b.subarray(0, place(b, at)),
  ),
)

export const mutants = (seeds: readonly (string | Uint8Array)[]): fc.Arbitrary<Buffer> =>
  fc
    .tuple(fc.constantFrom(...seeds.map((seed) => Buffer.from(seed as string))), fc.array(edit, { maxLength: 6 }))
    .map(([seed, edits]) => edits.reduce<Buffer>((bytes, change) => change(bytes), seed))

/** `parse` of every mutant gives a value, or an error that is for people. */
export async function holds(
  seeds: readonly (string | Uint8Array)[],
  parse: (bytes: Buffer) => unknown,
  numRuns = 300,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(mutants(seeds), async (bytes) => {
      try {
        await parse(bytes)
      } catch (error) {
        if (!(error instanceof EngineError || error instanceof FormatError)) throw error
        assert.ok(!(error instanceof EngineError && error.code === 'internal'), error.stack)
        assert.ok(error.message.length > 10 && error.message.length < 5000, error.message)
      }
    }),
    torture ? { numRuns: 100 * numRuns } : { numRuns, seed: fixedSeed },
  )
}

/** Milliseconds that a fuzz test may take. */
export const patience = torture ? 3_600_000 : 120_000
