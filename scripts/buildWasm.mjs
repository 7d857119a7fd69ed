// Compiles AssemblyScript: the CPU kernels to dist/kernels.wasm and, with fused multiply-add, dist/kernelsRelaxed.wasm; the counting of
// weights for statistics to dist/counts.wasm. Files newer than their sources are kept, because compiling takes half a minute.
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const features = ['--runtime', 'stub', '--importMemory', '--initialMemory', '1', '--enable', 'simd']
/** `--debug` keeps the functions' names for profiles. */
const optimise = ['-O3', '--noAssert', '--converge', '--debug']

const modified = (path) => statSync(path).mtimeMs
/** The sources, this script and the compiler's version. */
const inputs = (source) => [
  ...readdirSync(dirname(source)).map((name) => join(dirname(source), name)),
  fileURLToPath(import.meta.url),
  'node_modules/assemblyscript/package.json',
]

async function compile(name, source, extra = []) {
  const outFile = `${name}.wasm`
  const made = `dist/${outFile}`
  if (existsSync(made) && inputs(source).every((path) => modified(path) < modified(made))) return
  const { error, stderr } = await asc.main([source, '--outFile', outFile, ...features, ...optimise, ...extra], {
    writeFile: (file, bytes) => writeFileSync(`dist/${file}`, bytes),
  })
  if (!error) return
  process.stderr.write(stderr.toString())
  throw error
}

const kernels = 'src/engine/compute/cpu/assembly/index.ts'
// The kernels' static data is at the start of the memory; tensors and the command block follow.
const shared = ['--sharedMemory', '--maximumMemory', '65536', '--enable', 'threads']

mkdirSync('dist', { recursive: true })
await compile('kernels', kernels, shared)
await compile('kernelsRelaxed', kernels, [...shared, '--enable', 'relaxed-simd'])
await compile('counts', 'src/engine/checkpoint/stats/assembly/index.ts')
