// Which test files run, in which processes, and what `npm test` leaves to `npm run test:all`.
// Within a file `test/support/extent.ts` names the variants that represent the others.
import { readdirSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

/** Tests that kill, wait, or start many processes, and long tests of a single feature: files or folders. */
const onlyInAll = [
  'test/engine/agents/hostile.test.ts',
  'test/engine/bench',
  'test/engine/blocks/activations.test.ts',
  'test/engine/checkpoint/torch/pickle.test.ts',
  'test/engine/cli/compute.test.ts',
  'test/engine/cli/hostilePaths.test.ts',
  'test/engine/cli/hostileRunFolders.test.ts',
  'test/engine/cli/interrupt.test.ts',
  'test/engine/cli/killedPrune.test.ts',
  'test/engine/cli/limits.test.ts',
  'test/engine/cli/mcp.test.ts',
  'test/engine/cli/npmPackage.test.ts',
  'test/engine/cli/pull.test.ts',
  'test/engine/cli/terminal.test.ts',
  'test/engine/compute/cpu/memory.test.ts',
  'test/engine/compute/webgpu/adapters.test.ts',
  'test/engine/compute/webgpu/amdCompiler.test.ts',
  'test/engine/compute/webgpu/counts.test.ts',
  'test/engine/compute/webgpu/cut.test.ts',
  'test/engine/compute/webgpu/device.test.ts',
  'test/engine/compute/webgpu/lanes.test.ts',
  'test/engine/compute/webgpu/pace.test.ts',
  'test/engine/compute/webgpu/pool.test.ts',
  'test/engine/compute/webgpu/prune.test.ts',
  'test/engine/compute/webgpu/races.test.ts',
  'test/engine/docs/commands.test.ts',
  'test/engine/fuzz',
  'test/engine/model/refusedMemory.test.ts',
  'test/engine/run/changedSources.test.ts',
  'test/engine/run/headUpdate.test.ts',
  'test/engine/run/heldRun.test.ts',
  'test/engine/run/killPoints.test.ts',
  'test/engine/run/lessMemory.test.ts',
  'test/engine/run/lostDevice.test.ts',
  'test/engine/run/moved.test.ts',
  'test/engine/run/open/lintRecipe.test.ts',
  'test/engine/run/open/trainedTensors.test.ts',
  'test/engine/run/precision.test.ts',
  'test/engine/runs/hostileSweeps.test.ts',
  'test/engine/runs/lock',
  'test/engine/run/recoverList.test.ts',
  'test/engine/run/severalFiles.test.ts',
  'test/engine/run/storedTwice.test.ts',
  'test/engine/run/submodules.test.ts',
  'test/engine/run/weightDecay.test.ts',
  'test/engine/sweep/atOnce.test.ts',
  'test/engine/sweep/killedSweep.test.ts',
  'test/engine/sweep/sharedPruning.test.ts',
  'test/engine/sweep/sharedText.test.ts',
  'test/engine/sweep/slurm.test.ts',
  'test/engine/sweep/sweep.test.ts',
  'test/engine/sweep/warnings.test.ts',
  'test/unit/extension/models/factsThread.test.ts',
  'test/unit/repository/vsix.test.ts',
  'test/unit/catalog/formats/fuzz.test.ts',
  'test/unit/lint/lintWork.test.ts',
  'test/unit/lint/mutations.test.ts',
  'test/unit/scripts/lanes.test.ts',
  'test/webview/figures.test.ts',
]

/** Tests of results that depend on the instructions that a library finds: older processors must agree with the goldens, too. */
const ofProcessors = [
  'test/engine/compute/cpu.test.ts',
  'test/engine/model/goldens.test.ts',
  'test/engine/prune/goldens.test.ts',
]
const processors = [
  { name: 'with AVX2', env: { OPENBLAS_CORETYPE: 'Haswell', SPARSESCOPE_ONEDNN: 'none' } },
  { name: 'without AVX', env: { OPENBLAS_CORETYPE: 'Prescott', SPARSESCOPE_ONEDNN: 'none' } },
]

/** Mesa's lavapipe then compiles shaders without optimising them. With an empty cache, races.test.ts takes 0.7 of the processor time. */
const quickShaders = { GALLIVM_PERF: 'nopt' }

/** Mesa's lavapipe then has subgroups of 4 lanes, and another order of the lanes of a workgroup. Its shaders are optimised. */
const narrowLanes = {
  title: 'on lavapipe as on a processor with vectors of 128 bits',
  files: ['test/engine/compute/webgpu.test.ts', 'test/engine/compute/webgpu/races.test.ts'],
  env: { LP_NATIVE_VECTOR_WIDTH: '128' },
}

/** The longest come first, so that all lanes end at about the same time. `engine` is divided by folders that take long. */
const folders = [
  { layer: 'engine', folder: 'test/engine/sweep' },
  { layer: 'engine', folder: 'test/engine' },
  { layer: 'engine', folder: 'test/engine/compute', env: quickShaders },
  { layer: 'engine', folder: 'test/engine/compute/webgpu', env: quickShaders },
  { layer: 'engine', folder: 'test/engine/run' },
  { layer: 'engine', folder: 'test/engine/cli' },
  { layer: 'engine', folder: 'test/engine/docs' },
  { layer: 'webview', folder: 'test/webview' },
  { layer: 'protocol', folder: 'test/integration/backend' },
  { layer: 'unit', folder: 'test/unit' },
]

const isBelow = (file, folder) => file === folder || file.startsWith(`${folder}/`)

/** Test files below a folder, without those below `apart`. */
function filesOf(folder, apart) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name).split(sep).join('/'))
    .filter((file) => file.endsWith('.test.ts') && !apart.some((other) => isBelow(file, other)))
    .sort()
}

/**
 * One for each process of tests.
 * @param {boolean} all
 * @returns {{ layer: string, title: string, files: string[], env: NodeJS.ProcessEnv }[]}
 */
export function suites(all) {
  const left = onlyInAll.filter(
    (path) => !folders.some(({ folder }) => filesOf(folder, []).some((file) => isBelow(file, path))),
  )
  if (left.length > 0) throw new Error(`scripts/test/suites.mjs names what is no test: ${left.join(', ')}`)
  const short = { SPARSESCOPE_TESTS: 'short' }
  const plain = folders.map(({ layer, folder, env = {} }) => {
    // A folder inside this one has a process of its own.
    const inside = folders.map((one) => one.folder).filter((other) => other.startsWith(`${folder}/`))
    const files = filesOf(folder, inside).filter((file) => all || !onlyInAll.some((path) => isBelow(file, path)))
    return { layer, title: folder, files, env: all ? env : { ...short, ...env } }
  })
  if (!all) return plain
  const older = processors.map(({ name, env }) => ({
    layer: 'engine',
    title: `as on a processor ${name}`,
    files: ofProcessors,
    env: { ...short, ...env },
  }))
  return [...plain, ...older, { layer: 'engine', ...narrowLanes, env: { ...short, ...narrowLanes.env } }]
}
