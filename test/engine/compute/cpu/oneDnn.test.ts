import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { openHeap } from '../../../../src/engine/compute/cpu/heap.ts'
import { findOneDnn } from '../../../../src/engine/compute/cpu/oneDnn.ts'
import { emulation, onBf16Processor } from '../../../support/bf16Products.ts'
import { childArguments } from '../../../support/children.ts'
import { withEnvironment } from '../../../support/environment.ts'
import { cannot } from '../../../support/skip.ts'

const findWith = (SPARSESCOPE_ONEDNN: string | undefined) =>
  withEnvironment({ SPARSESCOPE_ONEDNN }, async () => findOneDnn(await openHeap({ maxBytes: 2 ** 30 })))

/** Multiplies in bf16 on three threads in a process of its own that ends by itself. */
function multiplyApart(environment: Record<string, string>) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, childArguments('multiplyChild'), {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  })
  return { ended: signal ?? status, said: stdout.trim(), stderr }
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

  it('says what a library with plain functions only lacks, and multiplies with those', async function () {
    const library = emulation(this)
    const { oneDnn, notes } = await findWith(library)
    assert.equal(oneDnn?.primitives, null)
    assert.match(notes.join(), /bf16Products.*: slower products, without its primitives: .*dnnl_/)
  })

  it('leaves the environment of child processes as it was', async () => {
    const before = { ...process.env }
    await findWith(undefined)
    assert.deepEqual({ ...process.env }, before)
  })

  describe('on a processor with bf16', () => {
    onBf16Processor()

    it('finds them', () => assert.deepEqual(multiplyApart({}), { ended: 0, said: 'true', stderr: '' }))

    it('needs a processor that multiplies bf16 itself', () => {
      const { ended, said } = multiplyApart({ DNNL_MAX_CPU_ISA: 'AVX512_CORE_VNNI' })
      assert.match(said, /no instructions for products of bf16/)
      assert.equal(ended, 0)
    })

    it('leaves no thread behind that crashes the process at its end, whatever the settings of OpenMP', () => {
      for (const threads of ['1', '4'])
        assert.deepEqual(multiplyApart({ OMP_NUM_THREADS: threads }), { ended: 0, said: 'true', stderr: '' })
    })

    it('makes products of f32 in which signals change nothing', async () => {
      const child = spawn(process.execPath, childArguments('signalledChild'), {
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      })
      assert.ok(child.stdout)
      const ended = Promise.all([text(child.stdout), once(child, 'exit')])
      // A child that fails never says that it is ready.
      await Promise.race([once(child, 'message'), ended])
      const timer = setInterval(() => child.kill('SIGWINCH'), 1)
      try {
        const [said, [status, signal]] = await ended
        assert.deepEqual({ said: said.trim(), status, signal }, { said: 'true', status: 0, signal: null })
      } finally {
        clearInterval(timer)
      }
    })
  })
})
