// Regular expressions of targets, compiled to a small program. Recipes are untrusted text that an editor matches while
// one types, so they never reach the backtracking RegExp: see match.ts for why these cannot take long. No library serves:
// those that match in bounded time (RE2 and its ports) have no look-ahead, and entries such as `re:(?!.*lm_head).*`, which
// Python's `re` takes in compressed-tensors, need it.

/** One character set as code-point ranges, inverted or not. */
export interface CharSet {
  readonly ranges: readonly (readonly [number, number])[]
  readonly negated: boolean
}

export type Instruction =
  | { op: 'char'; set: CharSet }
  /** Tries `first`, then `second`. */
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'start' }
  | { op: 'end' }
  | { op: 'wordBoundary'; negated: boolean }
  /** Matches nothing itself: the program at `body` must (not) match here. */
  | { op: 'look'; body: number; next: number; negated: boolean }
  | { op: 'match' }

export interface Program {
  readonly instructions: readonly Instruction[]
  /** Texts that whatever matches contains. */
  readonly literals: readonly string[]
}

/** Why a pattern cannot be used, in words for the author. */
export class PatternError extends Error {}

type Node =
  | { kind: 'set'; set: CharSet }
  | { kind: 'sequence'; items: Node[] }
  | { kind: 'choice'; items: Node[] }
  | { kind: 'repeat'; item: Node; min: number; max: number }
  | { kind: 'assert'; instruction: Instruction }
  | { kind: 'look'; item: Node; negated: boolean }

const maxLength = 500
const maxInstructions = 1000
const maxDepth = 50

const digit: CharSet['ranges'] = [[48, 57]]
const word: CharSet['ranges'] = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]
const space: CharSet['ranges'] = [
  [9, 13],
  [32, 32],
  [160, 160],
]
const classes: Record<string, CharSet['ranges']> = { d: digit, w: word, s: space }
const controls: Record<string, number> = { n: 10, r: 13, t: 9, f: 12, v: 11, '0': 0 }
const any: CharSet = { ranges: [[10, 10]], negated: true }

/** Compiles the common part of Python's and JavaScript's syntax. Throws PatternError. */
export function compilePattern(source: string): Program {
  if (source.length > maxLength) throw new PatternError(`is longer than ${maxLength} characters`)
  const instructions: Instruction[] = []
  const node = new Parser(source).parse()
  emit(instructions, node)
  instructions.push({ op: 'match' })
  return { instructions, literals: literalsOf(node) }
}

/** Runs of single characters that are neither repeated nor one of several choices. */
function literalsOf(node: Node): string[] {
  const runs = ['']
  const visit = (one: Node): void => {
    const code = one.kind === 'set' ? onlyCode(one.set) : null
    if (one.kind === 'sequence') one.items.forEach(visit)
    else if (code === null) runs.push('')
    else runs.push((runs.pop() ?? '') + String.fromCodePoint(code))
  }
  visit(node)
  return runs.filter((run) => run !== '')
}

function onlyCode({ ranges, negated }: CharSet): number | null {
  const [first] = ranges
  return !negated && ranges.length === 1 && first[0] === first[1] ? first[0] : null
}

class Parser {
  private at = 0
  private depth = 0
  private readonly source: string
  constructor(source: string) {
    this.source = source
  }

  parse(): Node {
    const node = this.choice()
    if (this.at < this.source.length) throw new PatternError(`has an unmatched ) at position ${this.at}`)
    return node
  }

  private choice(): Node {
    const items = [this.sequence()]
    while (this.take('|')) items.push(this.sequence())
    return items.length === 1 ? items[0] : { kind: 'choice', items }
  }

  private sequence(): Node {
    const items: Node[] = []
    while (this.at < this.source.length && this.peek() !== '|' && this.peek() !== ')') items.push(this.quantified())
    return { kind: 'sequence', items }
  }

  private quantified(): Node {
    let node = this.atom()
    for (;;) {
      const counts = this.quantifier()
      if (!counts) return node
      if (node.kind === 'repeat') throw new PatternError(`repeats a repetition at position ${this.at}`)
      if (node.kind === 'assert') throw new PatternError(`repeats an anchor at position ${this.at}`)
      if (this.take('+')) throw new PatternError('uses a possessive quantifier, which this matcher has not')
      this.take('?') // lazy or greedy: the same strings match
      node = { kind: 'repeat', item: node, ...counts }
    }
  }

  private quantifier(): { min: number; max: number } | null {
    if (this.take('*')) return { min: 0, max: Infinity }
    if (this.take('+')) return { min: 1, max: Infinity }
    if (this.take('?')) return { min: 0, max: 1 }
    const braces = /^\{(\d*)(,?)(\d*)\}/.exec(this.source.slice(this.at, this.at + 20))
    if (!braces || (braces[1] === '' && braces[3] === '')) return null
    this.at += braces[0].length
    const min = Number(braces[1] || 0)
    const max = braces[2] === '' ? min : braces[3] === '' ? Infinity : Number(braces[3])
    if (min > max) throw new PatternError(`has a repetition with its bounds swapped at position ${this.at}`)
    if (min > 1000 || (max !== Infinity && max > 1000)) throw new PatternError('repeats more than 1000 times')
    return { min, max }
  }

  private atom(): Node {
    const c = this.next()
    switch (c) {
      case '(':
        return this.group()
      case '[':
        return { kind: 'set', set: this.bracket() }
      case '.':
        return { kind: 'set', set: any }
      case '^':
        return { kind: 'assert', instruction: { op: 'start' } }
      case '$':
        return { kind: 'assert', instruction: { op: 'end' } }
      case '\\':
        return this.escape()
      case '*':
      case '+':
      case '?':
        throw new PatternError(`has nothing to repeat at position ${this.at - 1}`)
      default:
        return { kind: 'set', set: single(c) }
    }
  }

  private group(): Node {
    if (++this.depth > maxDepth) throw new PatternError(`nests groups more than ${maxDepth} deep`)
    let look: boolean | null = null
    if (this.take('?')) {
      const c = this.next()
      if (c === '=' || c === '!') look = c === '!'
      else if (c === 'P') throw new PatternError('uses (?P…), which only Python knows: use a plain group')
      else if (c === '<') throw new PatternError('uses (?<…), a named group or look-behind: use a plain group')
      else if (c !== ':') throw new PatternError(`uses (?${c}…), inline flags or a construct of Python only`)
    }
    const item = this.choice()
    if (!this.take(')')) throw new PatternError('has an unclosed (')
    this.depth--
    return look === null ? item : { kind: 'look', item, negated: look }
  }

  private escape(): Node {
    const c = this.next()
    if (c === 'b' || c === 'B') return { kind: 'assert', instruction: { op: 'wordBoundary', negated: c === 'B' } }
    if (c === 'A' || c === 'Z') throw new PatternError(`uses \\${c}, which only Python knows: use ^ or $`)
    if (/[1-9]/.test(c)) throw new PatternError(`uses the back-reference \\${c}`)
    return { kind: 'set', set: this.escaped(c) }
  }

  private escaped(c: string): CharSet {
    const known = classes[c.toLowerCase()]
    if (known) return { ranges: known, negated: c !== c.toLowerCase() }
    if (c in controls) return single(String.fromCharCode(controls[c]))
    if (/[A-Za-z]/.test(c)) throw new PatternError(`has the unknown escape \\${c}`)
    return single(c)
  }

  private bracket(): CharSet {
    const negated = this.take('^')
    const ranges: (readonly [number, number])[] = []
    for (let first = true; first || this.peek() !== ']'; first = false) {
      if (this.at >= this.source.length) throw new PatternError('has an unclosed [')
      const low = this.bracketItem()
      const dash = this.peek() === '-' && this.source[this.at + 1] !== ']' && this.at + 1 < this.source.length
      if (!dash || low.ranges.length !== 1 || low.ranges[0][0] !== low.ranges[0][1]) {
        for (const range of low.negated ? complement(low.ranges) : low.ranges) ranges.push(range)
        continue
      }
      this.at++
      const high = this.bracketItem()
      const range = [low.ranges[0][0], high.ranges[0][1]] as const
      if (range[0] > range[1]) throw new PatternError('has a character range with its ends swapped')
      ranges.push(range)
    }
    this.at++
    return { ranges, negated }
  }

  private bracketItem(): CharSet {
    const c = this.next()
    if (c !== '\\') return single(c)
    const e = this.next()
    return e === 'b' ? single('\b') : this.escaped(e)
  }

  private peek(): string {
    return this.source[this.at] ?? ''
  }

  private next(): string {
    if (this.at >= this.source.length) throw new PatternError('ends too early')
    const c = String.fromCodePoint(this.source.codePointAt(this.at) ?? 0)
    this.at += c.length
    return c
  }

  private take(c: string): boolean {
    if (this.peek() !== c) return false
    this.at++
    return true
  }
}

function single(c: string): CharSet {
  const code = c.codePointAt(0) ?? 0
  return { ranges: [[code, code]], negated: false }
}

function complement(ranges: CharSet['ranges']): (readonly [number, number])[] {
  const result: (readonly [number, number])[] = []
  let from = 0
  for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (low > from) result.push([from, low - 1])
    from = Math.max(from, high + 1)
  }
  return [...result, [from, 0x10ffff]]
}

function emit(program: Instruction[], node: Node): void {
  if (program.length > maxInstructions) throw new PatternError('is too large: its repetitions multiply')
  switch (node.kind) {
    case 'set':
      program.push({ op: 'char', set: node.set })
      return
    case 'sequence':
      for (const item of node.items) emit(program, item)
      return
    case 'choice':
      return emitChoice(program, node.items)
    case 'repeat':
      return emitRepeat(program, node)
    case 'assert':
      program.push(node.instruction)
      return
    case 'look': {
      const look = { op: 'look' as const, body: program.length + 1, next: 0, negated: node.negated }
      program.push(look)
      emit(program, node.item)
      program.push({ op: 'match' })
      look.next = program.length
      return
    }
    default:
      node satisfies never
  }
}

function emitChoice(program: Instruction[], items: Node[]): void {
  const ends: { op: 'jump'; to: number }[] = []
  items.forEach((item, i) => {
    if (i === items.length - 1) return emit(program, item)
    const split = { op: 'split' as const, first: program.length + 1, second: 0 }
    program.push(split)
    emit(program, item)
    const end = { op: 'jump' as const, to: 0 }
    program.push(end)
    ends.push(end)
    split.second = program.length
  })
  for (const end of ends) end.to = program.length
}

function emitRepeat(program: Instruction[], node: { item: Node; min: number; max: number }): void {
  for (let i = 0; i < node.min; i++) emit(program, node.item)
  if (node.max === Infinity) {
    const split = { op: 'split' as const, first: program.length + 1, second: 0 }
    const again = program.length
    program.push(split)
    emit(program, node.item)
    program.push({ op: 'jump', to: again })
    split.second = program.length
    return
  }
  const splits: { op: 'split'; first: number; second: number }[] = []
  for (let i = node.min; i < node.max; i++) {
    const split = { op: 'split' as const, first: program.length + 1, second: 0 }
    program.push(split)
    splits.push(split)
    emit(program, node.item)
  }
  for (const split of splits) split.second = program.length
}
