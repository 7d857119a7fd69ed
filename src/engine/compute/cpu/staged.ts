// A wasm task on tensors that may lie outside the WebAssembly memory: a panel of items at a time through the stage. Results
// are those of the task on tensors inside, bit for bit.
import { taskOperands, type Operand, type TaskOperands } from './operands.ts'
import { isOutside } from './outside.ts'
import type { Stage } from './stage.ts'
import type { Wasm } from '../../readWasm.ts'

/** Most bytes that a panel loses to its alignment. */
const slack = 64

/** Calls `name(start, end, ...args)`. @throws when what lies outside is no operand of operands.ts. */
export function callStaged(
  wasm: Wasm,
  stage: Stage,
  name: string,
  start: number,
  end: number,
  args: ArrayLike<number>,
): void {
  const run = wasm[name]
  const list: number[] = []
  for (let i = 0; i < run.length - 2; i++) list.push(args[i])
  if (!list.some(isOutside)) return void run(start, end, ...list)
  const described = taskOperands[name]?.(list)
  if (!described) throw new Error(`internal: ${name} has no line in operands.ts`)
  const { operands, scalars, numbered = false } = described
  const mark = stage.mark()
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
export function leastPanelBytes(name: string, args: ArrayLike<number>): number {
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

/** Address for the kernel of the items from `from` on, which it counts from 0 unless they keep their numbers. */
function show(stage: Stage, o: Operand, address: number, from: number, count: number, numbered: boolean): number {
  switch (o.kind) {
    case 'whole':
      return address
    case 'columns':
      return stage.pack(o.use, address + 4 * from, o.rows, 4 * count, 4 * o.ld)
    case 'items': {
      const bytes = Math.min(count * o.bytes, (o.total ?? Infinity) - from * o.bytes)
      const at = stage.bytes(o.use, address + from * o.bytes, bytes)
      // Addresses of 32 bits wrap around.
      return numbered ? at - from * o.bytes : at
    }
  }
}
