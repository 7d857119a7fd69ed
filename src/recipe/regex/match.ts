// Runs a compiled pattern. Every (instruction, position) pair is tried at most once, so without look-ahead a match takes
// at most instructions × length steps: there is no catastrophic backtracking. Look-aheads multiply, so steps are limited.
import { PatternError } from './parse.ts'
import type { CharSet, Instruction, Program } from './parse.ts'

const maxSteps = 50_000

/** True when the program matches a prefix of the text, as Python's `re.match` does. Throws PatternError when it takes too long. */
export type PrefixMatcher = (text: string) => boolean

export function createPrefixMatcher({ instructions: program, literals }: Program): PrefixMatcher {
  // seen[pc · (length + 1) + at] is the number of the run that tried the pair: a new run needs no clearing.
  let seen = new Uint32Array(0)
  let lastRun = 0
  let steps = 0

  const run = (text: string, start: number, from: number): boolean => {
    const id = ++lastRun
    const pending = [start, from]
    while (pending.length > 0) {
      let at = pending.pop() ?? 0
      let pc = pending.pop() ?? 0
      for (;;) {
        const pair = pc * (text.length + 1) + at
        if (seen[pair] === id) break
        seen[pair] = id
        if (++steps > maxSteps) throw new PatternError('takes too long to match')
        const instruction = program[pc]
        if (instruction.op === 'match') return true
        if (instruction.op === 'jump') pc = instruction.to
        else if (instruction.op === 'split') {
          pending.push(instruction.second, at)
          pc = instruction.first
        } else if (instruction.op === 'char') {
          if (at === text.length) break
          const code = text.codePointAt(at) ?? 0
          if (!includes(instruction.set, code)) break
          at += code > 0xffff ? 2 : 1
          pc++
        } else if (instruction.op === 'look') {
          if (run(text, instruction.body, at) === instruction.negated) break
          pc = instruction.next
        } else if (holds(instruction, text, at)) pc++
        else break
      }
    }
    return false
  }

  return (text) => {
    // Most of thousands of names lack the one word that a pattern is about.
    if (!literals.every((literal) => text.includes(literal))) return false
    const pairs = program.length * (text.length + 1)
    if (seen.length < pairs || lastRun > 2 ** 31) {
      seen = new Uint32Array(pairs)
      lastRun = 0
    }
    steps = 0
    return run(text, 0, 0)
  }
}

function holds(
  instruction: Extract<Instruction, { op: 'start' | 'end' | 'wordBoundary' }>,
  text: string,
  at: number,
): boolean {
  if (instruction.op === 'start') return at === 0
  if (instruction.op === 'end') return at === text.length
  return (isWord(text[at - 1]) !== isWord(text[at])) !== instruction.negated
}

function isWord(c: string | undefined): boolean {
  return c !== undefined && /\w/.test(c)
}

function includes(set: CharSet, code: number): boolean {
  for (const range of set.ranges) if (code >= range[0] && code <= range[1]) return !set.negated
  return set.negated
}
