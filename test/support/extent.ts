// How much runs: `npm test` a part of each list of variants, `npm run test:all` and mocha by itself everything.
// scripts/test/suites.mjs lists the files that `npm test` leaves out as a whole.

export const isShort = process.env.SPARSESCOPE_TESTS === 'short'

/** The variants of a suite by their names; in `npm test` those in `short`. @throws for an unknown name. */
export function variants<T>(all: Readonly<Record<string, T>>, short: readonly string[]): [string, T][] {
  for (const name of short)
    if (!(name in all)) throw new Error(`${name} is not a variant: ${Object.keys(all).join(', ')}`)
  return Object.entries(all).filter(([name]) => !isShort || short.includes(name))
}

/** The same of a list whose items have names. */
export function named<T extends { readonly name: string }>(all: readonly T[], short: readonly string[]): T[] {
  return variants(Object.fromEntries(all.map((one) => [one.name, one])), short).map(([, one]) => one)
}
