// Dawn hides f16 on NVIDIA, where it once computed wrongly, and is asked for it anyhow (adapter.ts): so it is tried before it is used.

/** Numbers that f16 holds, and so their triples: no rounding decides. */
const values = [1.5, -0.25, 1024, 2 ** -14]

/** As products on tensor cores do: f32 to f16 in a workgroup's memory, read by another lane, multiplied, and back. */
const code = /* wgsl */ `
enable f16;
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
var<workgroup> tile: array<f16, ${values.length}>;
@compute @workgroup_size(${values.length})
fn main(@builtin(local_invocation_index) lane: u32) {
  tile[lane] = f16(y[lane]);
  workgroupBarrier();
  y[lane] = f32(tile[${values.length - 1}u - lane] * f16(3.0));
}
`

/** Whether a device with the feature shader-f16 computes with it. */
export async function computesF16(device: GPUDevice): Promise<boolean> {
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage
  const size = 4 * values.length
  const y = device.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST })
  const host = device.createBuffer({ size, usage: MAP_READ | COPY_DST })
  device.pushErrorScope('validation')
  const pipeline = device.createComputePipeline({
    layout: 'auto',
    compute: { module: device.createShaderModule({ label: 'halfProof', code }) },
  })
  const entries = [{ binding: 0, resource: { buffer: y } }]
  device.queue.writeBuffer(y, 0, Float32Array.from(values))
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }))
  pass.dispatchWorkgroups(1)
  pass.end()
  encoder.copyBufferToBuffer(y, 0, host, 0, size)
  device.queue.submit([encoder.finish()])
  const refused = await device.popErrorScope()
  await host.mapAsync(GPUMapMode.READ)
  const found = new Float32Array(host.getMappedRange().slice(0))
  for (const buffer of [y, host]) buffer.destroy()
  return !refused && values.every((value, lane) => found[values.length - 1 - lane] === 3 * value)
}
