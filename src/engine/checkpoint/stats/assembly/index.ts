// Counts of 16-bit floats: how often each pattern occurs, and how many groups of 4 and of 8 have too few zeros.
// Compiled by scripts/buildWasm.mjs; `createCounter` in ../tensorTally.ts lays out the memory.
export { areFinite, areZero } from './look'

/** Number of 16-bit patterns. */
const patterns: i32 = 65536
/** Bytes of a table. */
const tableBytes: usize = 0x40000
/** Addresses of the tables: constants, so that the compiler reaches a count in one instruction. */
const table0: usize = 0x10000
const table1: usize = 0x50000
const table2: usize = 0x90000
const table3: usize = 0xd0000

let broken4: i32 = 0
let broken8: i32 = 0

/** Bits 2 to 17: a pattern times 4, the bytes of a count. */
const places: u64 = 0x3fffc

/**
 * Counts `length` patterns (a multiple of 8, which begin with a group) from `at`, and the groups of 4 and of 8 with fewer zeros
 * than `zeros4` and `zeros8` (0 counts none). Four tables are used in turn: in one table, each zero of a sparse tensor would
 * wait for the addition of the zero before it.
 */
export function count(at: usize, length: i32, zeros4: i32, zeros8: i32): void {
  const magnitude = i16x8.splat(0x7fff)
  const end = at + ((<usize>length) << 1)
  let few4: i32 = 0
  let few8: i32 = 0
  for (; at < end; at += 16) {
    const low = load<u64>(at)
    const high = load<u64>(at, 8)
    const a = <usize>((low << 2) & places)
    const b = <usize>((low >> 14) & places)
    const c = <usize>((low >> 30) & places)
    const d = <usize>((low >> 46) & places)
    store<u32>(a, load<u32>(a, table0) + 1, table0)
    store<u32>(b, load<u32>(b, table1) + 1, table1)
    store<u32>(c, load<u32>(c, table2) + 1, table2)
    store<u32>(d, load<u32>(d, table3) + 1, table3)
    const e = <usize>((high << 2) & places)
    const f = <usize>((high >> 14) & places)
    const g = <usize>((high >> 30) & places)
    const h = <usize>((high >> 46) & places)
    store<u32>(e, load<u32>(e, table0) + 1, table0)
    store<u32>(f, load<u32>(f, table1) + 1, table1)
    store<u32>(g, load<u32>(g, table2) + 1, table2)
    store<u32>(h, load<u32>(h, table3) + 1, table3)
    const zeros = i16x8.bitmask(i16x8.eq(v128.and(v128.load(at), magnitude), i16x8.splat(0)))
    const first = popcnt<i32>(zeros & 15)
    const all = popcnt<i32>(zeros)
    few4 += i32(first < zeros4) + i32(all - first < zeros4)
    few8 += i32(all < zeros8)
  }
  broken4 += few4
  broken8 += few8
}

/** Groups of 4 found broken since the last call. */
export function takeBroken4(): i32 {
  const found = broken4
  broken4 = 0
  return found
}

/** Groups of 8 found broken since the last call. */
export function takeBroken8(): i32 {
  const found = broken8
  broken8 = 0
  return found
}

/**
 * Writes the patterns that occur, ascending, as u16 to `patternsAt`, and their counts as f64 to `countsAt`. Returns the number of
 * these patterns. The tables are zero afterwards.
 */
export function takeCounts(patternsAt: usize, countsAt: usize): i32 {
  let found = 0
  for (let pattern = 0; pattern < patterns; pattern++) {
    const at = table0 + ((<usize>pattern) << 2)
    const sum =
      <u64>load<u32>(at) +
      <u64>load<u32>(at + tableBytes) +
      <u64>load<u32>(at + 2 * tableBytes) +
      <u64>load<u32>(at + 3 * tableBytes)
    if (sum == 0) continue
    store<u16>(patternsAt + ((<usize>found) << 1), <u16>pattern)
    store<f64>(countsAt + ((<usize>found) << 3), <f64>sum)
    found++
  }
  memory.fill(table0, 0, 4 * tableBytes)
  return found
}
