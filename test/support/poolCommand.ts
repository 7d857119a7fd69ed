// A command of the CPU pool whose items and chunks do not divide evenly.
import type { Command } from '../../src/engine/compute/cpu/entry.ts'

/** 37 items in 4 chunks that begin at multiples of 5. */
export const poolCommand: Command = {
  task: 3,
  chunks: 4,
  total: 37,
  unit: 5,
  scratchStart: 64,
  stageOffset: 0,
  scratchStride: 128,
}
