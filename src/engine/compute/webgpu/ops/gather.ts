// Rows of tables: gathers, and scatters that add without atomics.
import { bytesPerElement } from '../../../dtype.ts'
import type { Kernels } from '../../kernels.ts'
import { reshape, rows, type Tensor } from '../../tensor.ts'
import {
  defineVariant,
  dtypeCode,
  elementShader,
  f32,
  floatsOf,
  type Gpu,
  halves,
  ofTypes,
  perElement,
  pieces,
  rowWindows,
  runEach,
} from '../shader.ts'

/** Writes only rows within the table's window [first, first + count); other windows write the rest. */
const gathers = ofTypes(
  elementShader(
    'gatherRows',
    { y: 'rw f32', table: 'u32', rows: 'i32' },
    { columns: 'u32', first: 'i32', count: 'i32', scale: 'f32' },
    /* wgsl */ `
  let row = rows[p.rowsAt + i / p.columns] - p.first;
  if (row < 0 || row >= p.count) { return; }
  y[p.yAt + i] = p.scale * tableFloat(p.tableAt + u32(row) * p.columns + i % p.columns);`,
    halves + floatsOf('table'),
  ),
)

/** Links equal rows: next[m] is the next place of the same row or p.length; its top bit says that m is not the first. */
const link = perElement(
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
const scatter = defineVariant(
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

/** Windows of a table's rows: the first, how many, and the rows. */
function* tableWindows(gpu: Gpu, table: Tensor, columns: number): Generator<[number, number, Tensor]> {
  const matrix = reshape(table, [table.length / columns, columns])
  for (const [first, end] of pieces(matrix.shape[0], gpu.windowBytes / bytesPerElement[table.dtype] / columns))
    yield [first, end - first, rows(matrix, first, end)]
}

export function gathersOf(gpu: Gpu) {
  return {
    gatherRows(out, table, indices, scale, firstRow = 0) {
      const columns = out.length / indices.length
      const of = gathers[dtypeCode(table.dtype)]
      for (const { count, cut } of rowWindows(gpu, indices.length, columns))
        for (const [first, tableRows, part] of tableWindows(gpu, table, columns)) {
          const params = [columns, firstRow + first, tableRows, f32(scale)]
          runEach(gpu, of, count * columns, [cut(out), part, cut(indices)], params)
        }
    },
    scatterAddRows(out, x, indices, rowScale) {
      const columns = x.length / indices.length
      for (const { count, cut } of rowWindows(gpu, indices.length, columns)) {
        const [own, places] = [cut(x), cut(indices)]
        const next = gpu.scratch([count], 'u32')
        runEach(gpu, link, count, [next, places])
        for (const [first, outRows, part] of tableWindows(gpu, out, columns)) {
          const tensors = [part, own, places, next, rowScale ? cut(rowScale) : own]
          runEach(gpu, scatter, count, tensors, [columns, first, outRows, Number(rowScale !== null)])
        }
      }
    },
  } satisfies Partial<Kernels>
}
