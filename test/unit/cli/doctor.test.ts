import assert from 'node:assert/strict'
import type { DoctorFacts } from '../../../src/cli/doctor/facts.ts'
import { remediesFor } from '../../../src/cli/doctor/remedies.ts'
import { reportText } from '../../../src/cli/doctor/doctor.ts'

const gpu = {
  name: 'A GPU',
  vendor: 'acme',
  architecture: 'one',
  software: false,
  computes: true as const,
  tensorCores: null,
  subgroupSizes: [32, 32] as [number, number],
  features: ['subgroups'],
  limits: { maxBufferBytes: 2 ** 32, maxBindingBytes: 2 ** 31, workgroupBytes: 32768 },
}
const blas = { name: 'OpenBLAS', path: '/usr/lib/libopenblas.so.0', config: 'OpenBLAS 0.3.29' }
const bf16 = { name: 'oneDNN 3.7.2', path: '/usr/lib/libdnnl.so.3', gflops: 800 }
const healthy: DoctorFacts = {
  machine: {
    node: '20.19.0',
    platform: 'linux',
    arch: 'x64',
    distribution: 'ubuntu debian',
    processor: 'a processor',
    multipliesBf16: true,
    nvidia: false,
    cores: 2,
    memory: { totalBytes: 2 ** 34, availableBytes: 2 ** 33, containerLimitBytes: null },
    disk: { folder: '/somewhere', freeBytes: 2 ** 36 },
    slurm: null,
  },
  cpu: { description: 'OpenBLAS', threads: 2, blas, note: '', blasGflops: 400, bf16, bf16Note: '', wasmGflops: 90 },
  adapters: [gpu],
  adaptersError: null,
  adapterDeaths: [],
  gpuInMachine: true,
}
const without = (change: Partial<DoctorFacts>) => remediesFor({ ...healthy, ...change })
const onMachine = (change: Partial<DoctorFacts['machine']>, rest: Partial<DoctorFacts> = {}) =>
  without({ ...rest, machine: { ...healthy.machine, ...change } })

describe('doctor', () => {
  const noBlas = { ...healthy.cpu, blas: null, blasGflops: null, note: 'not found' } as DoctorFacts['cpu']
  const software = { ...gpu, software: true }

  it('recommends nothing if nothing is missing', () => assert.deepEqual(remediesFor(healthy), []))

  it('names the package of the BLAS in the words of the distribution', () => {
    assert.match(without({ cpu: noBlas })[0], /apt-get install libopenblas0-pthread/)
    assert.match(onMachine({ distribution: 'fedora' }, { cpu: noBlas })[0], /dnf install openblas/)
    assert.match(onMachine({ distribution: '' }, { cpu: noBlas })[0], /install OpenBLAS/)
    assert.match(onMachine({ platform: 'win32', distribution: '' }, { cpu: noBlas })[0], /SPARSESCOPE_BLAS/)
  })

  it('names the package of the products of bf16, where the processor has them', () => {
    const cpu = { ...healthy.cpu, bf16: null, bf16Note: 'no oneDNN' } as DoctorFacts['cpu']
    assert.match(without({ cpu })[0], /apt-get install libdnnl3/)
    assert.match(onMachine({ distribution: '' }, { cpu })[0], /install oneDNN/)
    assert.deepEqual(onMachine({ multipliesBf16: false }, { cpu }), [])
    assert.match(reportText({ ...healthy, cpu }, 'cpu', []), /bf16 +none: no oneDNN/)
  })

  it('says why products of bf16 are slower than they could be, and recommends nothing', () => {
    const cpu = { ...healthy.cpu, bf16Note: 'without its primitives' } as DoctorFacts['cpu']
    assert.match(reportText({ ...healthy, cpu }, 'cpu', []), /bf16 +oneDNN 3.7.2.*\n +without its primitives/)
    assert.deepEqual(without({ cpu }), [])
  })

  it('names the driver that is missing', () => {
    assert.match(without({ adapters: [software] })[0], /there is a GPU.*mesa-vulkan-drivers/)
    assert.match(onMachine({ nvidia: true }, { adapters: [software] })[0], /NVIDIA_DRIVER_CAPABILITIES/)
    assert.match(without({ adapters: [], gpuInMachine: false })[0], /mesa-vulkan-drivers/)
    assert.deepEqual(without({ adapters: [software], gpuInMachine: false }), [])
  })

  it('says which driver crashed in a query, not that no driver is installed', () => {
    const adapterDeaths = ['The driver of A GPU ended every process that used it']
    assert.deepEqual(without({ adapters: [software], adapterDeaths }), adapterDeaths)
    assert.deepEqual(without({ adapterDeaths }), adapterDeaths)
  })

  it('passes on why WebGPU or the CPU backend is not usable', () => {
    assert.match(without({ adapters: [], adaptersError: 'the graphics driver crashed' })[0], /driver crashed/)
    assert.match(without({ adapters: [{ ...gpu, computes: 'zeros came back' }] })[0], /zeros came back/)
    assert.match(without({ cpu: { error: 'no wasm' } })[0], /no wasm/)
  })

  it('distinguishes an old Node from a new one', () => {
    assert.match(onMachine({ node: '18.20.0' })[0], /too old/)
    assert.match(onMachine({ node: '20.18.9' })[0], /too old/)
    assert.deepEqual(onMachine({ node: '22.1.0' }), [])
  })

  it('fits one screen, whatever is missing', () => {
    for (const facts of [healthy, { ...healthy, cpu: { error: 'x' }, adapters: [], adaptersError: 'y' }]) {
      const text = reportText(facts, 'cpu', remediesFor(facts))
      assert.ok(text.split('\n').length <= 24)
      assert.match(text, /memory +8.0 GiB free of 16.0 GiB/)
    }
  })
})
