// Processes that tests start of their own code: `test/support/*Child.ts`.
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Arguments of Node that run one: the bundle of `npm test`, else its source with a loader of TypeScript. */
export function childArguments(name: string): string[] {
  const bundles = process.env.SPARSESCOPE_TEST_BUNDLES
  if (bundles) return [`${bundles}/${name}.mjs`]
  // By its address: threads of a process look for the loader from the working directory.
  return [
    '--import',
    pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href,
    fileURLToPath(new URL(`./${name}.ts`, import.meta.url)),
  ]
}
