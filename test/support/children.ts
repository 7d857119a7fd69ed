// Processes that tests start of their own code: `test/support/*Child.ts`.
import { fileURLToPath } from 'node:url'

/** Arguments of Node that run one: the bundle of `npm test`, else its source with a loader of TypeScript. */
export function childArguments(name: string): string[] {
  const bundles = process.env.SPARSESCOPE_TEST_BUNDLES
  if (bundles) return [`${bundles}/${name}.mjs`]
  return ['--import', 'tsx', fileURLToPath(new URL(`./${name}.ts`, import.meta.url))]
}
