// Compiles the CPU kernels (AssemblyScript) to dist/kernels.wasm and, with fused multiply-add, dist/kernelsRelaxed.wasm.
import { mkdirSync, writeFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'

const source = 'src/engine/compute/cpu/assembly/index.ts'
// The kernels' static data lies at the start of the memory; tensors and the command block come after it.
const flags = [
  '--runtime',
  'stub',
  '--importMemory',
  '--sharedMemory',
  '--initialMemory',
  '1',
  '--maximumMemory',
  '65536',
]
const features = ['--enable', 'simd', '--enable', 'threads']
const optimise = ['-O3', '--noAssert', '--converge']

async function compile(name, extra) {
  const outFile = `${name}.wasm`
  const { error, stderr } = await asc.main(
    [source, '--outFile', outFile, ...flags, ...features, ...optimise, ...extra],
    { writeFile: (file, bytes) => writeFileSync(`dist/${file}`, bytes) },
  )
  if (!error) return
  process.stderr.write(stderr.toString())
  throw error
}

mkdirSync('dist', { recursive: true })
await compile('kernels', [])
await compile('kernelsRelaxed', ['--enable', 'relaxed-simd'])
