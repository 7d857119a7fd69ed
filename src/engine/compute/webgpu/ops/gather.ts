// Rows of tables: gathers, and scatters that add without atomics.
import { bytesPerElement } from '../../../dtype.ts'
import type { Kernels } from '../../kernels.ts'
import { reshape, rows, slice, type Tensor } from '../../tensor.ts'
import {
  defineShader,
  dtypeCode,
  f32,
  floatTypes,
  foldGroups,
  type Gpu,
  gridOf,
  halves,
  pieces,
  variant,
} from '../shader.ts'
import { perElement } from './elementwise.ts'

type Gathers = Pick<Kernels, 'gatherRows' | 'scatterAddRows'>

/** Writes only rows within the table's window [first, first + count); other windows write the rest. */
const gatherRows = perElement(
  'gatherRows',
  { y: 'rw f32', table: 'u32', rows: 'i32' },
  { columns: 'u32', first: 'i32', count: 'i32', scale: 'f32' },
  /* wgsl */ `
  let row = rows[p.rowsAt + i / p.columns] - p.first;
  if (row < 0 || row >= p.count) { return; }
  let at = p.tableAt + u32(row) * p.columns + i % p.columns;
  var value = 0.0;
  if (DTYPE == 0u) { value = bitcast<f32>(table[at]); }
  else { value = floatOfHalf((table[at >> 1u] >> (16u * (at & 1u))) & 0xffffu); }
  y[p.yAt + i] = p.scale * value;`,
  halves,
)

/** Links equal rows: next[m] is the next place of the same row or p.length; its top bit says that m is not the first. */
const linkRows = perElement(
  'linkRows',
  { next: 'rw u32', rows: 'i32' },
  {},
  /* wgsl */ `
  let row = rows[p.rowsAt + i];
  var later = i + 1u;
  while (later < p.length && rows[p.rowsAt + later] != row) { later++; }
  var earlier = 0u;
  while (earlier < i && rows[p.rowsAt + earlier] != row) { earlier++; }
  next[p.nextAt + i] = later | select(0u, 0x80000000u, earlier < i);`,
)

/** A workgroup for each place m; the first place of a row adds all its places in order. */
const scatterAddRows = defineShader(
  'scatterAddRows',
  { y: 'rw f32', x: 'f32', rows: 'i32', next: 'u32', scale: 'f32' },
  { length: 'u32', columns: 'u32', first: 'i32', count: 'i32', hasScale: 'u32' },
  /* wgsl */ `
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let place = group.y * groups.x + group.x;
  if (place >= p.length || next[p.nextAt + place] >= 0x80000000u) { return; }
  let row = rows[p.rowsAt + place] - p.first;
  if (row < 0 || row >= p.count) { return; }
  for (var c = local; c < p.columns; c += 64u) {
    var sum = 0.0;
    for (var m = place; m < p.length; m = next[p.nextAt + m] & 0x7fffffffu) {
      var value = x[p.xAt + m * p.columns + c];
      if (p.hasScale == 1u) { value *= scale[p.scaleAt + m]; }
      sum += value;
    }
    y[p.yAt + u32(row) * p.columns + c] += sum;
  }
}
`,
)

const gathers = floatTypes.map((dtype) => variant(gatherRows, { DTYPE: dtypeCode(dtype) }))
const link = variant(linkRows)
const scatter = variant(scatterAddRows)

/** Windows of a table as [first row, end row). */
function tableWindows(gpu: Gpu, table: Tensor, columns: number): Iterable<[number, number]> {
  return pieces(table.length / columns, gpu.windowBytes / bytesPerElement[table.dtype] / columns)
}

export function gathersOf(gpu: Gpu): Gathers {
  return {
    gatherRows(out, table, indices, scale, firstRow = 0) {
      const columns = out.length / indices.length
      const tableShape = [table.length / columns, columns]
      for (const [start, end] of pieces(indices.length, gpu.windowBytes / 4 / columns))
        for (const [first, last] of tableWindows(gpu, table, columns))
          gpu.run({
            variant: gathers[dtypeCode(table.dtype)],
            tensors: [
              rows(reshape(out, [indices.length, columns]), start, end),
              rows(reshape(table, tableShape), first, last),
              slice(indices, start, [end - start]),
            ],
            params: [(end - start) * columns, columns, firstRow + first, last - first, f32(scale)],
            groups: gridOf((end - start) * columns),
          })
    },
    scatterAddRows(out, x, indices, rowScale) {
      const columns = x.length / indices.length
      const outShape = [out.length / columns, columns]
      for (const [start, end] of pieces(indices.length, gpu.windowBytes / 4 / columns)) {
        const length = end - start
        const part = slice(indices, start, [length])
        const next = gpu.scratch([length], 'u32')
        gpu.run({ variant: link, tensors: [next, part], params: [length], groups: gridOf(length) })
        const x2 = rows(reshape(x, [indices.length, columns]), start, end)
        for (const [first, last] of tableWindows(gpu, out, columns))
          gpu.run({
            variant: scatter,
            tensors: [
              rows(reshape(out, outShape), first, last),
              x2,
              part,
              next,
              rowScale ? slice(rowScale, start, [length]) : x2,
            ],
            params: [length, columns, first, last - first, Number(rowScale !== null)],
            groups: foldGroups(length),
          })
      }
    },
  }
}
