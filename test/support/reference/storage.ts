// Memory of the reference backend: f32 tensors are kept in f64, which finite differences need.
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16, type DType } from '../../../src/engine/dtype.ts'
import type { Tensor } from '../../../src/engine/compute/tensor.ts'

export type Cells = Float64Array | Uint16Array | Int32Array | Uint32Array

export function newCells(dtype: DType, length: number): Cells {
  switch (dtype) {
    case 'f32':
      return new Float64Array(length)
    case 'f16':
    case 'bf16':
    case 'packed':
      return new Uint16Array(length)
    case 'i32':
      return new Int32Array(length)
    case 'u32':
      return new Uint32Array(length)
  }
}

export class Storage {
  readonly buffers = new Map<number, Cells>()

  cells(tensor: Tensor): Cells {
    const cells = this.buffers.get(tensor.buffer)
    if (!cells) throw new Error(`internal: tensor of buffer ${tensor.buffer} was released`)
    return cells.subarray(tensor.offset, tensor.offset + tensor.length)
  }

  /** The f32 tensor itself, writable. */
  f(tensor: Tensor): Float64Array {
    if (tensor.dtype !== 'f32') throw new Error(`internal: expected f32, got ${tensor.dtype}`)
    return this.cells(tensor) as Float64Array
  }

  /** Values of a tensor of any float type; a copy unless it is f32. */
  values(tensor: Tensor): Float64Array {
    const cells = this.cells(tensor)
    if (tensor.dtype === 'bf16') return Float64Array.from(cells, bf16ToF32)
    if (tensor.dtype === 'f16') return Float64Array.from(cells, f16ToF32)
    return cells as Float64Array
  }

  /** Gives `fill` the values of a tensor to write, in f64, and keeps them in its type. */
  write(tensor: Tensor, fill: (values: Float64Array) => void): void {
    const values = tensor.dtype === 'f32' ? this.f(tensor) : new Float64Array(tensor.length)
    fill(values)
    if (tensor.dtype !== 'f32') this.store(tensor, values)
  }

  store(tensor: Tensor, values: Float64Array): void {
    const cells = this.cells(tensor)
    const encode = tensor.dtype === 'bf16' ? f32ToBf16 : tensor.dtype === 'f16' ? f32ToF16 : (x: number) => x
    for (let i = 0; i < cells.length; i++) cells[i] = encode(values[i])
  }

  /** 1 where a [O,I] mask keeps, else 0; all 1 for a null mask. */
  mask(mask: Tensor | null, rows: number, columns: number): Float64Array {
    const kept = new Float64Array(rows * columns).fill(1)
    if (!mask) return kept
    const words = this.cells(mask)
    const perRow = words.length / rows
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) kept[r * columns + c] = (words[r * perRow + (c >> 5)] >>> (c & 31)) & 1
    return kept
  }
}
