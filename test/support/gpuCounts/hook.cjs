// Loaded into the GPU's thread by `--require` (see ../gpuCounts.ts): counts the calls to Dawn, at GPUDevice and GPUQueue,
// without a change to the product. With `stub` nothing is computed and buffers are names with a size: kernels are empty, and
// writes go to one small buffer. Shapes that do not fit into memory here then cost the host what they really cost.
const { readFileSync } = require('node:fs')
const { BroadcastChannel, getEnvironmentData } = require('node:worker_threads')
const { costOf } = require('./costs.cjs')

const wanted = getEnvironmentData('gpuCounts')
if (wanted) install(wanted)

function install({ dawn, channel, stub, kernels, limits }) {
  const { globals } = require(dawn)
  const { GPUAdapter, GPUBuffer, GPUDevice, GPUQueue, GPUCommandEncoder, GPUComputePassEncoder } = globals
  const zero = () => ({
    ...{ dispatches: 0, submits: 0, waits: 0, copies: 0, buffers: 0, bindGroups: 0 },
    ...{ bytesUp: 0, parameterBytes: 0, bytesDown: 0, threadMs: 0, waitMs: 0 },
  })
  let counts = zero()
  let costs = new Map()
  let began = threadMs()
  /** A loader of TypeScript has a thread of its own, with this hook and without a device. */
  let opened = false
  const port = new BroadcastChannel(channel)
  port.unref()
  port.onmessage = ({ data }) => {
    if (data.take === undefined || !opened) return
    const now = threadMs()
    port.postMessage({ taken: data.take, counts: { ...counts, threadMs: now - began }, kernels: [...costs.values()] })
    ;[counts, costs, began] = [zero(), new Map(), now]
  }

  /** Replaces a method; the original is its first argument, bound. */
  const around = ({ prototype }, name, replacement) => {
    const original = prototype[name]
    prototype[name] = function (...args) {
      return replacement.call(this, (...given) => original.apply(this, given), ...args)
    }
  }
  const { STORAGE, UNIFORM, MAP_READ } = { STORAGE: 0x80, UNIFORM: 0x40, MAP_READ: 0x01 }
  /** Uniform buffers' words as they were last written, which is right before the submit that reads them. */
  const words = new WeakMap()
  const usages = new WeakMap()

  // ---- memory
  const pieceBytes = 64 * 2 ** 20
  let scratch = null
  around(GPUDevice, 'createBuffer', function (create, descriptor) {
    counts.buffers++
    if (!stub || !(descriptor.usage & STORAGE)) {
      const buffer = create(descriptor)
      usages.set(buffer, descriptor.usage)
      return buffer
    }
    scratch ??= create({ size: pieceBytes, usage: descriptor.usage })
    const { size, usage } = descriptor
    const virtual = {
      size,
      usage,
      real: create({ size: 256, usage }),
      destroy() {
        this.real.destroy()
      },
    }
    usages.set(virtual, usage)
    return virtual
  })
  around(GPUQueue, 'writeBuffer', function (write, buffer, at, data, from, bytes) {
    if (usages.get(buffer) & UNIFORM) {
      counts.parameterBytes += bytes
      if (kernels) words.set(buffer, new Uint32Array(data.slice(from, from + bytes)))
    } else counts.bytesUp += bytes
    if (buffer.real) write(scratch, 0, data, from, bytes)
    else write(buffer, at, data, from, bytes)
  })
  around(GPUCommandEncoder, 'copyBufferToBuffer', function (copy, source, from, target, to, bytes) {
    counts.copies++
    if (usages.get(target) & MAP_READ) counts.bytesDown += bytes
    if (!source.real) copy(source, from, target, to, bytes)
  })

  // ---- waits, and the time spent in them
  const waiting = async (wait) => {
    counts.waits++
    const before = threadMs()
    const result = await wait()
    counts.waitMs += threadMs() - before
    return result
  }
  around(GPUQueue, 'onSubmittedWorkDone', (done) => waiting(done))
  around(GPUBuffer, 'mapAsync', (map, ...args) => waiting(() => map(...args)))

  // ---- kernels
  if (stub) {
    let empty = null
    around(GPUDevice, 'createComputePipeline', function (create, descriptor) {
      empty ??= this.createShaderModule({ code: '@compute @workgroup_size(1) fn main() {}' })
      return create({ ...descriptor, compute: { module: empty, entryPoint: 'main' } })
    })
    Object.defineProperty(GPUAdapter.prototype, 'limits', { value: limits })
    around(GPUAdapter, 'requestDevice', async (request, descriptor) => {
      const device = await request({ ...descriptor, requiredLimits: {} })
      Object.defineProperty(device, 'limits', { value: limits })
      return device
    })
  }
  const labels = new WeakMap()
  around(GPUDevice, 'createComputePipeline', (create, descriptor) => {
    const pipeline = create(descriptor)
    labels.set(pipeline, descriptor.label)
    return pipeline
  })
  const layouts = new WeakMap()
  around(GPUDevice, 'createBindGroupLayout', (create, descriptor) => {
    opened = true
    const layout = create(descriptor)
    const kinds = descriptor.entries.map(({ buffer }) => (buffer.type === 'storage' ? 'w' : 'r'))
    layouts.set(layout, kinds)
    return layout
  })
  const bound = new WeakMap()
  around(GPUDevice, 'createBindGroup', (create, { layout, entries }) => {
    counts.bindGroups++
    const seen = new Set()
    const writes = layouts.get(layout)
    const real = stub ? entries.map((entry, i) => realOf(entry, writes?.[i] === 'w' && seen)) : entries
    const group = create({ layout, entries: real })
    if (kernels) {
      const kinds = layouts.get(layout)
      bound.set(
        group,
        entries.map(({ resource: { buffer, offset, size } }, i) => ({ kind: kinds[i], bytes: size, buffer, offset })),
      )
    }
    return group
  })
  /** Two parts of one buffer are written: the second of them is elsewhere. */
  const realOf = ({ binding, resource }, seen) => {
    if (!resource.buffer.real) return { binding, resource }
    const again = seen && seen.has(resource.buffer)
    if (seen) seen.add(resource.buffer)
    return {
      binding,
      resource: again ? { buffer: scratch, offset: 256 * binding, size: 256 } : { buffer: resource.buffer.real },
    }
  }

  /** Dispatches since the last submit: their parameters are written only then. */
  let recorded = []
  let current = {}
  if (kernels) {
    around(GPUComputePassEncoder, 'setPipeline', (set, pipeline) => {
      current.label = labels.get(pipeline)
      set(pipeline)
    })
    around(GPUComputePassEncoder, 'setBindGroup', (set, index, group) => {
      const [params] = bound.get(group)
      if (index === 0) current = { ...current, params: params.buffer, offset: params.offset }
      else current = { ...current, tensors: bound.get(group) }
      set(index, group)
    })
  }
  around(GPUComputePassEncoder, 'dispatchWorkgroups', (dispatch, ...groups) => {
    counts.dispatches++
    if (kernels) recorded.push({ ...current, groups })
    if (stub) dispatch(1, 1, 1)
    else dispatch(...groups)
  })
  around(GPUQueue, 'submit', (submit, buffers) => {
    if (buffers.length > 0) counts.submits++
    for (const { label, params, offset, tensors, groups } of recorded) {
      const own = words.get(params).subarray(offset / 4 + tensors.length, offset / 4 + 64)
      const workgroups = groups[0] * groups[1] * groups[2]
      const { flops, bytes, steps, lanes, use } = costOf(label, own, tensors, groups)
      const key = `${label} ${flops} ${bytes} ${workgroups} ${steps}`
      const known = costs.get(key)
      if (known) known.count++
      else costs.set(key, { kernel: label.split(' ')[0], flops, bytes, workgroups, lanes, steps, use, count: 1 })
    }
    recorded = []
    submit(buffers)
  })
}

/** Milliseconds for which this thread has run, which other work on the machine does not change; NaN where the system does not report it. */
function threadMs() {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6
  } catch {
    return NaN
  }
}
