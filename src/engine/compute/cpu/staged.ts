// A wasm task on tensors that may be outside the WebAssembly memory: a panel of items at a time through the stage. Results
// are those of the task on tensors inside, bit for bit.
import { type Operand, taskOperands, type TaskOperands } from './operands.ts'
import { isOutside } from './outside.ts'
import type { Stage } from './stage.ts'
import type { Wasm } from '../../readWasm.ts'
import type { Gemm } from './blas.ts'

/** Most bytes that a panel loses to its alignment. */
const slack = 64

/** Calls `name(start, end, ...args)`. @throws if a tensor is outside and operands.ts does not describe the task. */
export function callStaged(
  { wasm, stage }: { readonly wasm: Wasm; readonly stage: Stage },
  name: string,
  start: number,
  end: number,
  args: readonly number[],
): void {
  const run = wasm[name]
  if (!args.some(isOutside)) return void run(start, end, ...args)
  const described = taskOperands[name]?.(args)
  if (!described) throw new Error(`internal: ${name} has no line in operands.ts`)
  const { operands, scalars, numbered = false } = described
  const mark = stage.mark()
  const list = [...args]
  for (const o of operands) if (o.kind === 'whole') list[o.arg] = stage.bytes('in', list[o.arg], o.bytes)
  const step = panelItems(described, list, stage.freeBytes)
  for (let from = start; from < end; from += step) {
    const count = Math.min(step, end - from)
    const panel = stage.mark()
    const own = list.slice()
    for (const o of operands) if (list[o.arg] !== 0) own[o.arg] = show(stage, o, list[o.arg], from, count, numbered)
    for (const [arg, value] of Object.entries(scalars?.(from, count) ?? {})) own[Number(arg)] = value
    const first = numbered ? from : 0
    run(first, first + count, ...own)
    stage.flush(panel)
  }
  stage.flush(mark)
}

/** Bytes of stage that the smallest panel of a task needs. */
export function leastPanelBytes(name: string, args: readonly number[]): number {
  const described = taskOperands[name]?.(args)
  if (!described) return 0
  const { operands, grain } = described
  const bytes = operands.map((o) => slack + (o.kind === 'whole' ? o.bytes : grain * itemBytes(o)))
  return bytes.reduce((a, b) => a + b, 0)
}

const itemBytes = (o: Operand) => (o.kind === 'columns' ? 4 * o.rows : o.bytes)

const isStaged = (o: Operand, args: readonly number[]) =>
  args[o.arg] !== 0 && (o.kind === 'columns' || (o.kind === 'items' && isOutside(args[o.arg])))

function panelItems({ operands, grain }: TaskOperands, args: readonly number[], freeBytes: number): number {
  const each = operands.reduce((sum, o) => sum + (isStaged(o, args) ? itemBytes(o) : 0), 0)
  if (each === 0) return Infinity
  const fit = Math.floor((freeBytes - slack * operands.length) / each)
  return Math.max(grain, Math.floor(fit / grain) * grain)
}

/** Address that the kernel gets for the items from `from` on: it counts them from 0, or from `from` if `numbered`. */
function show(stage: Stage, o: Operand, address: number, from: number, count: number, numbered: boolean): number {
  switch (o.kind) {
    case 'whole':
      return address
    case 'columns':
      return stage.pack(o.use, address + 4 * from, o.rows, 4 * count, 4 * o.ld)
    case 'items': {
      const bytes = Math.min(count * o.bytes, (o.total ?? Infinity) - from * o.bytes)
      const at = stage.bytes(o.use, address + from * o.bytes, bytes)
      // The difference may be below 0: 32-bit addresses wrap around.
      return numbered ? at - from * o.bytes : at
    }
  }
}

// The wasm product on matrices that may be outside: blocks of them go through the stage. Their sizes are multiples of the
// kernel's own blocks (assembly/gemm.ts), so that sums are added in the same order as for matrices inside.
const [blockRows, blockColumns, blockDepth] = [256, 512, 256]

export function stagedGemm(gemm: Gemm, stage: Stage): Gemm {
  return (transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) => {
    if (![a, b, c].some(isOutside)) return gemm(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
    for (let j = 0; j < n; j += blockColumns)
      for (let i = 0; i < m; i += blockRows) {
        const [rows, columns] = [Math.min(blockRows, m - i), Math.min(blockColumns, n - j)]
        const mark = stage.mark()
        const [to, ldTo] = stage.rows(beta === 0 ? 'out' : 'inout', c + 4 * (i * ldc + j), rows, columns, ldc)
        for (let p = 0; p < k; p += blockDepth) {
          const depth = Math.min(blockDepth, k - p)
          const block = stage.mark()
          const left = block2d(stage, transA, a, lda, i, rows, p, depth)
          const right = block2d(stage, transB, b, ldb, p, depth, j, columns)
          gemm(transA, transB, rows, columns, depth, alpha, ...left, ...right, p === 0 ? beta : 1, to, ldTo)
          stage.flush(block)
        }
        stage.flush(mark)
      }
  }
}

/** A block of op(x) inside, in the order in which x is stored. */
function block2d(
  stage: Stage,
  transposed: boolean,
  x: number,
  ld: number,
  row: number,
  rows: number,
  column: number,
  columns: number,
): [address: number, ld: number] {
  return transposed
    ? stage.rows('in', x + 4 * (column * ld + row), columns, rows, ld)
    : stage.rows('in', x + 4 * (row * ld + column), rows, columns, ld)
}
