// Compiles AssemblyScript: the CPU kernels to dist/kernels.wasm and, with fused multiply-add, dist/kernelsRelaxed.wasm; what
// counts weights for statistics to dist/counts.wasm.
import { mkdirSync, writeFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'

const features = ['--runtime', 'stub', '--importMemory', '--initialMemory', '1', '--enable', 'simd']
const optimise = ['-O3', '--noAssert', '--converge']

async function compile(name, source, extra = []) {
  const outFile = `${name}.wasm`
  const { error, stderr } = await asc.main([source, '--outFile', outFile, ...features, ...optimise, ...extra], {
    writeFile: (file, bytes) => writeFileSync(`dist/${file}`, bytes),
  })
  if (!error) return
  process.stderr.write(stderr.toString())
  throw error
}

const kernels = 'src/engine/compute/cpu/assembly/index.ts'
// The kernels' static data lies at the start of the memory; tensors and the command block come after it.
const shared = ['--sharedMemory', '--maximumMemory', '65536', '--enable', 'threads']

mkdirSync('dist', { recursive: true })
await compile('kernels', kernels, shared)
await compile('kernelsRelaxed', kernels, [...shared, '--enable', 'relaxed-simd'])
await compile('counts', 'src/engine/checkpoint/stats/assembly/index.ts')
