// An entry of a program (replay.ts): a command and its arguments as words of shared memory.

export interface Command {
  task: number
  chunks: number
  /** Items of the whole command, e.g. rows. */
  total: number
  /** Chunks begin at multiples of this many items. */
  unit: number
  scratchStart: number
  /** Bytes from one thread's scratch to the next. */
  scratchStride: number
  /** Offset in a thread's scratch at which its stage begins; the stage goes to the end. */
  stageOffset: number
}

/** Words of a command, including the number of its arguments. */
export const headWords = 8
export const mostArgs = 64

export function writeEntry(to: Float64Array, at: number, c: Command, args: readonly number[]): void {
  to[at] = c.task
  to[at + 1] = c.chunks
  to[at + 2] = c.total
  to[at + 3] = c.unit
  to[at + 4] = c.scratchStart
  to[at + 5] = c.scratchStride
  to[at + 6] = c.stageOffset
  to[at + 7] = args.length
  for (let i = 0; i < args.length; i++) to[at + headWords + i] = args[i]
}

export function readArgs(from: Float64Array, at: number): number[] {
  const args: number[] = []
  for (let i = 0; i < from[at + headWords - 1]; i++) args.push(from[at + headWords + i])
  return args
}

export function readCommand(from: Float64Array, at: number): Command {
  return {
    task: from[at],
    chunks: from[at + 1],
    total: from[at + 2],
    unit: from[at + 3],
    scratchStart: from[at + 4],
    scratchStride: from[at + 5],
    stageOffset: from[at + 6],
  }
}

/** Items of a chunk: chunks begin at multiples of the unit and are as equal as that allows. */
export function chunkRange({ chunks, total, unit }: Command, chunk: number): [start: number, end: number] {
  const units = Math.ceil(total / unit)
  const start = Math.floor((units * chunk) / chunks) * unit
  return [start, Math.min(total, Math.floor((units * (chunk + 1)) / chunks) * unit)]
}
