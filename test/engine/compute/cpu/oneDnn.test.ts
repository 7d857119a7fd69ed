import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { openHeap } from '../../../../src/engine/compute/cpu/heap.ts'
import { findOneDnn } from '../../../../src/engine/compute/cpu/oneDnn.ts'
import { cannot } from '../../../support/skip.ts'

/** Runs with SPARSESCOPE_ONEDNN set, or unset, then puts it back. */
async function findWith(setting: string | undefined) {
  const before = process.env.SPARSESCOPE_ONEDNN
  const set = (value: string | undefined) => {
    if (value === undefined) delete process.env.SPARSESCOPE_ONEDNN
    else process.env.SPARSESCOPE_ONEDNN = value
  }
  set(setting)
  try {
    return await findOneDnn(await openHeap({ maxBytes: 2 ** 30 }))
  } finally {
    set(before)
  }
}

/** Multiplies in bf16 on three threads in a process of its own that ends by itself. */
const multiply = `
  import { openCpu } from './src/engine/compute/cpu/open.ts'
  const cpu = await openCpu({ threads: 3 })
  if (cpu.traits.bf16Products) {
    const [x, w] = [[256, 512], [384, 512]].map((shape) => cpu.allocate('bf16', shape))
    const y = cpu.allocate('f32', [256, 384])
    for (const tensor of [x, w]) cpu.write(tensor, new Uint16Array(tensor.length).fill(0x3f80))
    cpu.kernels.linear(y, x, w, null)
    console.log((await cpu.read(y)).every((sum) => sum === 512))
  } else console.log(cpu.info.details.oneDnnNote)
  await cpu.close()
`

function multiplyApart(environment: Record<string, string>) {
  const root = fileURLToPath(new URL('../../../..', import.meta.url))
  const args = ['--import', 'tsx', '--input-type=module', '-e', multiply]
  const { status, signal, stdout } = spawnSync(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  })
  return { ended: signal ?? status, said: stdout.trim() }
}

describe('the search for products of bf16', () => {
  it('can be switched off by the machine', async () => {
    const { oneDnn, notes } = await findWith('none')
    assert.equal(oneDnn, null)
    assert.match(notes.join(), /SPARSESCOPE_ONEDNN/)
  })

  it('says why a named library is not used', async () => {
    assert.match((await findWith('/nowhere/libdnnl.so.3')).notes.join(), /^\/nowhere\/libdnnl.so.3: /)
  })

  it('refuses a library that is not what its name says', async function () {
    if (process.platform !== 'linux') cannot(this, 'libc.so.6 is a library of Linux')
    const { oneDnn, notes } = await findWith('libc.so.6')
    assert.equal(oneDnn, null)
    assert.match(notes.join(), /^libc.so.6: .*dnnl_get_effective_cpu_isa/)
  })

  it('leaves the environment of child processes as it was', async () => {
    const before = { ...process.env }
    await findWith(undefined)
    assert.deepEqual({ ...process.env }, before)
  })

  it('needs a processor that multiplies bf16 itself', async function () {
    const { oneDnn, notes } = await findWith(undefined)
    if (!oneDnn) cannot(this, notes.join('; '))
    const { ended, said } = multiplyApart({ DNNL_MAX_CPU_ISA: 'AVX512_CORE_VNNI' })
    assert.match(said, /no instructions for products of bf16/)
    assert.equal(ended, 0)
  })

  it('leaves no thread behind that ends the process with a crash, whatever OpenMP is told', async function () {
    const { oneDnn, notes } = await findWith(undefined)
    if (!oneDnn) cannot(this, notes.join('; '))
    for (const threads of ['1', '4'])
      assert.deepEqual(multiplyApart({ OMP_NUM_THREADS: threads }), { ended: 0, said: 'true' })
  })
})
