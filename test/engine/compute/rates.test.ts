// Rates of the processor: measured once, remembered by machine and libraries, and never trusted as they lie in the cache.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCpu, type CpuBackend } from '../../../src/engine/compute/cpu/open.ts'
import { measureRates, ratesOf } from '../../../src/engine/compute/rates.ts'
import { keptRates } from '../../../src/engine/machine.ts'
import { usualRates, workKinds } from '../../../src/catalog/methods/work.ts'

describe('rates of this machine', () => {
  let cpu: CpuBackend
  let folder: string
  let file: string
  before(async () => {
    cpu = await openCpu({ threads: 1 })
    folder = mkdtempSync(join(tmpdir(), 'rates-'))
    file = join(folder, 'rates.json')
  })
  after(async () => {
    rmSync(folder, { recursive: true })
    await cpu.close()
  })

  it('are measured for every kind of work', async () => {
    const rates = await measureRates(cpu, 1)
    assert.deepEqual(Object.keys(rates).sort(), [...workKinds].sort())
    for (const kind of workKinds)
      assert.ok(rates[kind] > 1e6 && Number.isFinite(rates[kind]), `${kind}: ${rates[kind]}`)
  })

  it('are measured once, and again when the libraries are others or a month has passed', async () => {
    let count = 0
    const measure = async () => ({ ...usualRates, disk: 1e6 * ++count })
    assert.equal(await keptRates(1, file), undefined)
    for (const now of [0, 1000]) assert.equal((await ratesOf(cpu, { file, now, measure }))?.disk, 1e6)
    assert.equal((await keptRates(1, file))?.rates.disk, 1e6)
    assert.equal(await keptRates(2, file), undefined, 'of other threads')
    const info = { ...cpu.info, details: { ...cpu.info.details, oneDnn: 'another' } }
    assert.equal((await ratesOf({ ...cpu, info }, { file, now: 0, measure }))?.disk, 2e6)
    assert.equal((await ratesOf({ ...cpu, info }, { file, now: 40 * 24 * 3600 * 1000, measure }))?.disk, 3e6)
    const traits = { ...cpu.traits, inHostMemory: false }
    assert.equal(await ratesOf({ ...cpu, traits }, { file, measure }), undefined, 'a GPU')
  })

  it('are measured anew where the cache holds something else', async () => {
    const good = readFileSync(file, 'utf8')
    for (const text of [
      '',
      '[]',
      good.replaceAll(/"factor":[\d.e+]+/g, '"factor":-1'),
      good.replaceAll('"move"', '"x"'),
    ]) {
      writeFileSync(file, text)
      assert.equal(await keptRates(1, file), undefined)
    }
  })
})
