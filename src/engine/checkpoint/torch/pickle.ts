// A machine that reads pickles (protocols 2 to 5) as data: it knows the opcodes that torch writes and executes nothing.
// Opcodes and their arguments: CPython, Lib/pickletools.py. Every byte is untrusted: the values built stay
// in proportion to the bytes read, and nothing recurses.
import { FormatError } from '../../../errors.ts'
import {
  damaged,
  globalNamed,
  isNode,
  type Pickled,
  type PickledDict,
  type PickledList,
  reduce,
  storageOf,
} from './torchGlobals.ts'

/** Most values that a pickle may make. Real state dicts of a hundred thousand tensors need two million. */
const maxValues = 8_000_000

interface Machine {
  readonly bytes: Uint8Array
  readonly view: DataView
  at: number
  stack: Pickled[]
  /** Stacks that a MARK has set aside. */
  readonly marked: Pickled[][]
  readonly memo: Map<number, Pickled>
  values: number
}

/** The value that the pickle describes. @throws FormatError */
export function readPickle(bytes: Uint8Array): Pickled {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const machine: Machine = { bytes, view, at: 0, stack: [], marked: [], memo: new Map(), values: 0 }
  for (;;) {
    const code = take(machine, 1)
    if (bytes[code] === stop) return pop(machine)
    const step = steps.get(bytes[code])
    if (!step) throw damaged(`has an instruction 0x${bytes[code].toString(16)} that torch does not write`)
    step(machine)
  }
}

const stop = 0x2e

/** Named as in pickletools. */
const steps = new Map<number, (m: Machine) => void>([
  [0x80, proto],
  [0x95, (m) => void take(m, 8)], // FRAME: a hint for reading ahead
  [0x28, mark],
  [0x30, (m) => void pop(m)], // POP
  [0x31, (m) => void popMark(m)], // POP_MARK
  [0x32, (m) => push(m, top(m))], // DUP
  // Constants
  [0x4e, (m) => push(m, null)], // NONE
  [0x88, (m) => push(m, true)], // NEWTRUE
  [0x89, (m) => push(m, false)], // NEWFALSE
  // Numbers
  [0x4a, (m) => push(m, m.view.getInt32(take(m, 4), true))], // BININT
  [0x4b, (m) => push(m, m.bytes[take(m, 1)])], // BININT1
  [0x4d, (m) => push(m, m.view.getUint16(take(m, 2), true))], // BININT2
  [0x47, (m) => push(m, m.view.getFloat64(take(m, 8)))], // BINFLOAT, big-endian
  [0x8a, (m) => push(m, long(m, m.bytes[take(m, 1)]))], // LONG1
  // Texts
  [0x8c, (m) => push(m, text(m, m.bytes[take(m, 1)]))], // SHORT_BINUNICODE
  [0x58, (m) => push(m, text(m, uint32(m)))], // BINUNICODE
  [0x55, (m) => push(m, text(m, m.bytes[take(m, 1)]))], // SHORT_BINSTRING
  [0x54, (m) => push(m, text(m, uint32(m)))], // BINSTRING
  [0x43, (m) => push(m, text(m, m.bytes[take(m, 1)]))], // SHORT_BINBYTES
  [0x42, (m) => push(m, text(m, uint32(m)))], // BINBYTES
  // Containers
  [0x5d, (m) => push(m, { kind: 'list', items: [] })], // EMPTY_LIST
  [0x61, (m) => append(m, [pop(m)])], // APPEND
  [0x65, (m) => append(m, popMark(m))], // APPENDS
  [0x7d, (m) => push(m, { kind: 'dict', keys: [], values: [] })], // EMPTY_DICT
  [0x73, (m) => setItems(m, [pop(m), pop(m)].reverse())], // SETITEM
  [0x75, (m) => setItems(m, popMark(m))], // SETITEMS
  [0x29, (m) => push(m, { kind: 'tuple', items: [] })], // EMPTY_TUPLE
  [0x74, (m) => push(m, { kind: 'tuple', items: popMark(m) })], // TUPLE
  [0x85, (m) => tuple(m, 1)], // TUPLE1
  [0x86, (m) => tuple(m, 2)], // TUPLE2
  [0x87, (m) => tuple(m, 3)], // TUPLE3
  // The memo
  [0x71, (m) => keep(m, m.bytes[take(m, 1)])], // BINPUT
  [0x72, (m) => keep(m, uint32(m))], // LONG_BINPUT
  [0x94, (m) => keep(m, m.memo.size)], // MEMOIZE
  [0x68, (m) => recall(m, m.bytes[take(m, 1)])], // BINGET
  [0x6a, (m) => recall(m, uint32(m))], // LONG_BINGET
  // Opcodes that run code in Python.
  [0x63, (m) => push(m, globalNamed(line(m), line(m)))], // GLOBAL
  [0x93, stackGlobal],
  [0x52, (m) => call(m)], // REDUCE
  [0x81, (m) => call(m)], // NEWOBJ: the same for the classes that are known
  [0x62, build],
  [0x51, (m) => push(m, storageOf(pop(m)))], // BINPERSID
])

function proto(m: Machine): void {
  const version = m.bytes[take(m, 1)]
  if (version < 2 || version > 5) throw damaged(`is of protocol ${version}, which torch does not write`)
}

/** Skips `length` bytes; returns where they begin. */
function take(m: Machine, length: number): number {
  const start = m.at
  if (start + length > m.bytes.length)
    throw new FormatError('its pickle ends early; the download was cut off: get it again')
  m.at += length
  return start
}

/** Counts values before they are made. @throws FormatError beyond `maxValues`. */
function count(m: Machine, values: number): void {
  m.values += values
  if (m.values > maxValues) throw damaged(`has more than ${maxValues} values`)
}

function push(m: Machine, value: Pickled): void {
  count(m, 1)
  m.stack.push(value)
}

function pop(m: Machine): Pickled {
  const value = m.stack.pop()
  if (value === undefined) throw damaged('pops an empty stack')
  return value
}

function top(m: Machine): Pickled {
  const value = m.stack.at(-1)
  if (value === undefined) throw damaged('pops an empty stack')
  return value
}

function mark(m: Machine): void {
  count(m, 1)
  m.marked.push(m.stack)
  m.stack = []
}

function popMark(m: Machine): Pickled[] {
  const items = m.stack
  const below = m.marked.pop()
  if (!below) throw damaged('pops an empty stack')
  m.stack = below
  return items
}

function append(m: Machine, items: Pickled[]): void {
  const list = top(m)
  if (!isNode(list, 'list')) throw damaged('appends to a value that is not a list')
  addAll((list as PickledList).items, items)
}

function setItems(m: Machine, items: Pickled[]): void {
  const dict = top(m)
  if (!isNode(dict, 'dict') || items.length % 2 !== 0) throw damaged('sets items of a value that is not a dictionary')
  const { keys, values } = dict as PickledDict
  for (let i = 0; i < items.length; i += 2) {
    keys.push(items[i])
    values.push(items[i + 1])
  }
}

/** Appends one by one: a list may be longer than a call may have arguments. */
function addAll(target: Pickled[], items: readonly Pickled[]): void {
  for (const item of items) target.push(item)
}

function tuple(m: Machine, length: number): void {
  const items: Pickled[] = []
  for (let i = 0; i < length; i++) items.unshift(pop(m))
  push(m, { kind: 'tuple', items })
}

function keep(m: Machine, at: number): void {
  count(m, 1)
  m.memo.set(at, top(m))
}

function recall(m: Machine, at: number): void {
  const value = m.memo.get(at)
  if (value === undefined) throw damaged('reads a memo entry that it never wrote')
  push(m, value)
}

function stackGlobal(m: Machine): void {
  const [name, module] = [pop(m), pop(m)]
  if (typeof name !== 'string' || typeof module !== 'string') throw damaged('imports a value that is not a name')
  push(m, globalNamed(module, name))
}

function call(m: Machine): void {
  const args = pop(m)
  // A list counts each time that it is made into a dictionary, since the memo lets a pickle reuse it.
  if (isNode(args, 'tuple') && isNode(args.items[0], 'list')) count(m, args.items[0].items.length)
  push(m, reduce(pop(m), args))
}

/** Attributes of an object, such as the `_metadata` of a state dict, are ignored. */
function build(m: Machine): void {
  pop(m)
  if (!isNode(top(m), 'dict')) throw damaged('sets attributes of a value that has none')
}

function uint32(m: Machine): number {
  return m.view.getUint32(take(m, 4), true)
}

function text(m: Machine, length: number): string {
  const start = take(m, length)
  return new TextDecoder().decode(m.bytes.subarray(start, start + length))
}

/** Longest name of a module or a class. */
const maxLine = 1000

function line(m: Machine): string {
  const end = m.bytes.subarray(m.at, m.at + maxLine).indexOf(0x0a)
  if (end < 0) throw damaged('imports a name that does not end')
  const name = text(m, end)
  take(m, 1)
  return name
}

/** Little-endian two's complement of up to 255 bytes; a number where a double holds it. */
function long(m: Machine, length: number): number | bigint {
  const start = take(m, length)
  let value = 0n
  for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(m.bytes[start + i])
  if (length > 0 && m.bytes[start + length - 1] >= 0x80) value -= 1n << BigInt(8 * length)
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}
