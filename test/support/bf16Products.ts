// Products of bf16 on the CPU whatever the processor: by oneDNN where it serves, else by bench/bf16Products.c in its place.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openHeap } from '../../src/engine/compute/cpu/heap.ts'
import { findOneDnn } from '../../src/engine/compute/cpu/oneDnn.ts'
import { setEnvironment } from './environment.ts'
import { cannot, lacks } from './skip.ts'

const source = fileURLToPath(new URL('../../bench/bf16Products.c', import.meta.url))
const built = fileURLToPath(new URL('../../out', import.meta.url))

/** The library in place of oneDNN, compiled once: its plain functions, and no primitives. */
export function emulation(context: Mocha.Context): string {
  if (process.platform !== 'linux') cannot(context, 'oneDNN is looked for on Linux only')
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16)
  const library = `${built}/bf16Products-${hash}.so`
  if (existsSync(library)) return library
  mkdirSync(built, { recursive: true })
  // Two test processes may compile at once: each its own file.
  const own = `${library}.${process.pid}`
  const { status, error, stderr } = spawnSync('cc', ['-O2', '-shared', '-fPIC', '-o', own, source, '-ldl'])
  if (status !== 0) lacks(context, `no C compiler for ${source}: ${error?.message ?? String(stderr)}`)
  renameSync(own, library)
  return library
}

/** Call it inside `describe`: backends that its tests open, and processes that they start, have products of bf16. */
export function onBf16Processor(): void {
  let restore: () => void = () => undefined
  before(async function () {
    const { oneDnn } = await findOneDnn(await openHeap({ maxBytes: 2 ** 30 }))
    if (!oneDnn) restore = setEnvironment({ SPARSESCOPE_ONEDNN: emulation(this) })
  })
  after(() => restore())
}
