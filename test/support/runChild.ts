// A run in a process of its own, for tests that kill it: `node --import tsx runChild.ts RECIPE`.
import { openCpu } from '../../src/engine/compute/cpu/open.ts'
import { runRecipe } from '../../src/engine/run/runRecipe.ts'

const abort = new AbortController()
process.on('SIGINT', () => abort.abort())
const backend = await openCpu({ threads: 2 })
try {
  await runRecipe({
    version: 'test',
    recipe: process.argv[2],
    memoryBytes: 1e9,
    openBackend: async () => backend,
    signal: abort.signal,
  })
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
process.exit()
