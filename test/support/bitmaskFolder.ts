// Checkpoints in the layout `sparse-bitmask` of compressed-tensors 0.14, which the product reads and never writes.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../../src/engine/checkpoint/checkpoint.ts'
import { explicitMasks, transposeBits } from '../../src/engine/checkpoint/explicitMasks.ts'
import type { MaskBits } from '../../src/engine/checkpoint/storedMask.ts'
import { safetensors, type TestTensor } from './safetensors.ts'

/** Writes the pruned checkpoint `from`, which has a `sparsescope.mask`, as bitmasks into the new folder `to`. */
export async function writeBitmaskFolder(from: string, to: string): Promise<void> {
  const dense = await openCheckpoint(from)
  const masks = (await explicitMasks(dense)) ?? new Map()
  const tensors: Record<string, TestTensor> = {}
  for (const { name, dtype, shape } of dense.tensors.values()) {
    const data = await dense.read(name)
    const mask = await masks.get(name)?.read()
    if (mask) Object.assign(tensors, bitmaskOf(name, { dtype, shape: [...shape], data }, mask))
    else tensors[name] = { dtype, shape: [...shape], data }
  }
  await dense.close()
  mkdirSync(to)
  for (const name of readdirSync(from))
    if (!/\.safetensors|^sparsescope\.mask$|^config\.json$/.test(name)) copyFileSync(join(from, name), join(to, name))
  writeFileSync(join(to, 'model.safetensors'), safetensors(tensors, { format: 'pt' }))
  const config = readFileSync(join(from, 'config.json'), 'utf8')
  const sparsity_config = { format: 'sparse-bitmask', sparsity_structure: 'unstructured', targets: ['Linear'] }
  const quantization = JSON.stringify({ quant_method: 'compressed-tensors', format: 'dense', sparsity_config })
  writeFileSync(join(to, 'config.json'), config.replace('{', `{"quantization_config": ${quantization},`))
}

/** `mask`: [out, in]; the weight may be stored as [in, out]. */
function bitmaskOf(weight: string, tensor: TestTensor, mask: MaskBits): Record<string, TestTensor> {
  const [rows, columns] = tensor.shape
  const stored = mask.rows === rows && mask.columns === columns ? mask : transposeBits(mask)
  const itemBytes = tensor.data.length / (rows * columns)
  const [perRow, wordsPerRow] = [Math.ceil(columns / 8), Math.ceil(columns / 32)]
  const bits = new Uint8Array(rows * perRow)
  const values: number[] = []
  const offsets: number[] = []
  for (let row = 0; row < rows; row++) {
    offsets.push(values.length / itemBytes)
    for (let column = 0; column < columns; column++) {
      if (((stored.words[row * wordsPerRow + (column >> 5)] >>> (column & 31)) & 1) === 0) continue
      bits[row * perRow + (column >> 3)] |= 1 << (column & 7)
      const at = (row * columns + column) * itemBytes
      values.push(...tensor.data.subarray(at, at + itemBytes))
    }
  }
  const numbers = (all: number[]) => new Uint8Array(BigInt64Array.from(all, BigInt).buffer)
  const base = weight.replace(/\.weight$/, '')
  return {
    [`${base}.compressed`]: { dtype: tensor.dtype, shape: [values.length / itemBytes], data: Uint8Array.from(values) },
    [`${base}.bitmask`]: { dtype: 'U8', shape: [rows, perRow], data: bits },
    [`${base}.shape`]: { dtype: 'I64', shape: [2], data: numbers([rows, columns]) },
    [`${base}.row_offsets`]: { dtype: 'I64', shape: [rows], data: numbers(offsets) },
  }
}
