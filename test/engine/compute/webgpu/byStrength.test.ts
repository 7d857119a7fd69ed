// Machines as they are: which GPU is taken where nobody names one. Names and buffers are those that drivers tell of these cards.
import assert from 'node:assert/strict'
import { byStrength, chooseAdapter, type AdapterRecord } from '../../../../src/engine/compute/webgpu/survey.ts'

const adapter = (name: string, kind: 'own' | 'shared' | 'software', teraflops: number, gib = 4): AdapterRecord => ({
  ...{ name, access: 'full', death: null },
  facts: {
    software: kind === 'software',
    ownMemory: kind === 'own',
    maxBufferBytes: gib * 2 ** 30,
    flopsPerSecond: teraflops * 1e12,
  },
})

const intel = adapter('Intel(R) UHD Graphics 770 (ADL-S GT1)', 'shared', 0.2)
const apu = adapter('AMD Radeon Graphics (RADV RAPHAEL_MENDOCINO)', 'shared', 0.3, 16)
const card = adapter('AMD Radeon RX 7900 XTX (RADV NAVI31)', 'own', 9)
const small = adapter('NVIDIA GeForce GT 1030', 'own', 0.4)
const large = adapter('NVIDIA GeForce RTX 4090', 'own', 20)
const llvmpipe = adapter('llvmpipe (LLVM 19.1.7, 256 bits)', 'software', 0.05)
/** A processor with sixty cores computes in software what an old card does not. */
const manyCores = adapter('llvmpipe (LLVM 19.1.7, 512 bits)', 'software', 2)
const arc = adapter('Intel(R) Arc(tm) A770 Graphics (DG2)', 'shared', 4)

describe('the adapter that is taken', () => {
  const machines: Record<string, [adapters: AdapterRecord[], taken: AdapterRecord]> = {
    'Intel integrated and two NVIDIA: the faster card': [[small, large, intel, llvmpipe], large],
    'the same, listed the other way round': [[llvmpipe, intel, large, small], large],
    "AMD's processor with graphics, and its card": [[apu, card, llvmpipe], card],
    'a slow card before a large processor in software': [[manyCores, small], small],
    'integrated graphics before software': [[manyCores, intel], intel],
    "Intel's card before Intel's integrated graphics": [[intel, arc], arc],
    'llvmpipe and NVIDIA': [[llvmpipe, large], large],
    'only llvmpipe': [[llvmpipe], llvmpipe],
  }
  for (const [machine, [adapters, taken]] of Object.entries(machines))
    it(machine, async () => {
      assert.equal(byStrength(adapters)[0], taken)
      const choice = await chooseAdapter(undefined, { at: 0, death: null, doubtful: false, adapters })
      assert.deepEqual(choice.request?.flags, [`adapter=${taken.name}`])
    })

  it('is the one with larger buffers among equals, else the first', () => {
    const [first, larger] = [adapter('one', 'own', 5), adapter('two', 'own', 5, 8)]
    assert.deepEqual(byStrength([first, larger]), [larger, first])
    const same = [adapter('one', 'own', 5), adapter('two', 'own', 5)]
    assert.deepEqual(byStrength(same), same)
  })

  it('is never one that ends processes, and one that would not open only before software', () => {
    const closed: AdapterRecord = { ...large, facts: null }
    assert.deepEqual(byStrength([{ ...card, access: 'none' }, llvmpipe, closed, intel]), [intel, closed, llvmpipe])
  })
})
