// The machine that reads pickles, on pickles that mean harm.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { readPickle } from '../../../../src/engine/checkpoint/torch/pickle.ts'
import { isNode, type Pickled } from '../../../../src/engine/checkpoint/torch/torchGlobals.ts'
import { tensorsOf } from '../../../../src/engine/checkpoint/torch/readTorchHeader.ts'
import { FormatError } from '../../../../src/errors.ts'
import { holds, patience } from '../../../support/fuzz.ts'

const protocol = '\x80\x02'
const bytes = (...parts: (string | number[] | Buffer)[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part as number[]))),
  )
const read = (...parts: (string | number[] | Buffer)[]): Pickled => readPickle(bytes(protocol, ...parts))
const refuses = (message: RegExp, ...parts: (string | number[] | Buffer)[]) =>
  assert.throws(
    () => read(...parts),
    (error) => error instanceof FormatError && message.test(error.message),
  )

/** A state dict of one tensor: shape, strides and offset of a storage of `elements` f32. */
function oneTensor(shape: number[], strides: number[], elements: number, offset = 0, state?: string): Buffer {
  const int = (n: number) => bytes('J', [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >> 24])
  const text = (t: string) => bytes('\x8c', [t.length], t)
  const storage = bytes('(', text('storage'), 'ctorch\nFloatStorage\n', text('0'), text('cpu'), int(elements), 'tQ')
  const tuple = (items: number[]) => bytes('(', ...items.map((n) => int(n)), 't')
  return Buffer.concat([
    bytes(protocol, '}', text('w'), 'ctorch._utils\n_rebuild_tensor_v2\n(', storage),
    int(offset),
    tuple(shape),
    tuple(strides),
    bytes('\x89}', ...(state === undefined ? [] : ['}', text(state), '\x88s']), 'tRs.'),
  ])
}

/** data.pkl of a file that torch wrote; its entries are stored, so the bytes stand there as they are. */
function pickleOf(name: string): Buffer {
  const file = readFileSync(new URL(`../../../fixtures/torch/${name}`, import.meta.url))
  const start = file.indexOf('\x80\x02', 0, 'latin1')
  return file.subarray(start, file.indexOf('PK', start, 'latin1'))
}

describe('a pickle as data', function () {
  this.timeout(patience)

  it('has the values that Python has', () => {
    assert.equal(read('K\x07.'), 7)
    assert.equal(read('J\xff\xff\xff\xff.'), -1)
    assert.equal(read('\x8a\x02\x00\xff.'), -256)
    assert.equal(read('\x8a\x00.'), 0)
    assert.equal(read('\x8a\x0b', [...Array.from({ length: 10 }, () => 0), 1], '.'), 1n << 80n)
    assert.equal(read('G\x3f\xf8\x00\x00\x00\x00\x00\x00.'), 1.5)
    assert.equal(read('X\x03\x00\x00\x00a\xc3\xa4.'), 'aä')
    const dict = read('}(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00aK\x02u.')
    assert.ok(isNode(dict, 'dict'))
    assert.deepEqual(dict.values, [1, 2])
  })

  it('is refused with any name outside the list', () => {
    for (const [module, name] of [
      ['os', 'system'],
      ['builtins', 'eval'],
      ['torch', 'load'],
      ['torch.storage', '_load_from_bytes'],
      ['collections', 'OrderedDict.__init__'],
      ['__main__', 'constructor'],
      ['numpy.core.multiarray', '_reconstruct'],
    ]) {
      refuses(new RegExp(`"${module}\\.${name}"`), `c${module}\n${name}\n)R.`)
      refuses(
        new RegExp(`"${module}\\.${name}"`),
        `\x8c${bytes([module.length])}${module}\x8c${bytes([name.length])}${name}\x93)R.`,
      )
    }
  })

  it('has tensors, lists and dictionaries only where they are', () => {
    refuses(/calls/, 'K\x01)R.')
    refuses(/calls/, 'ctorch\nFloatStorage\n)R.')
    refuses(/appends/, 'K\x01K\x02a.')
    refuses(/sets items/, ']K\x01K\x02s.')
    refuses(/a memo entry that it never wrote/, 'h\x05.')
    refuses(/pops an empty stack/, '0.')
    refuses(/pops an empty stack/, 't.')
    refuses(/names a storage/, 'K\x01Q.')
    refuses(/attributes/, 'K\x01}b.')
    refuses(/instruction 0x49/, 'I01\n.')
    refuses(/protocol 9/, '\x80\x09.')
    refuses(/ends early/, 'X\xff\xff\xff\x7fa.')
    refuses(/ends early/, 'K\x01')
  })

  it('needs no stack for depth, and no memory for sharing', () => {
    read(']'.repeat(1_000_000), 'a'.repeat(999_999), '.')
    read('('.repeat(1_000_000), ')', 't'.repeat(1_000_000), '.')
    // Each tuple holds the one before twice: 2^100000 values, if anyone unfolded them.
    read(')', 'q\x00h\x00\x86'.repeat(100_000), '.')
    // A list in itself, and a state dict in itself.
    read(']q\x00h\x00a.')
    assert.throws(() => tensorsOf(read('}q\x00X\x05\x00\x00\x00modelh\x00s.')), FormatError)
  })

  it('is refused before it fills the memory with values', () => {
    refuses(/more than \d+ values/, Buffer.alloc(9_000_000, 'N'), '.')
    refuses(/more than \d+ values/, ')', Buffer.alloc(9_000_000, '\x94', 'latin1'), '.')
    // One long list, made into a dictionary again and again.
    const pair = 'NN\x86'
    const list = `](${pair.repeat(100_000)}eq\x00`
    refuses(/more than \d+ values/, list, 'ccollections\nOrderedDict\nq\x010', 'h\x01h\x00\x85R0'.repeat(1000), '.')
  })

  it('has every tensor within its storage', () => {
    const one = (...args: Parameters<typeof oneTensor>) => tensorsOf(readPickle(oneTensor(...args)))
    assert.deepEqual(one([2, 3], [3, 1], 7, 1)[0].offset, 4)
    for (const args of [
      [[2, 3], [3, 1], 5, 0],
      [[2, 3], [3, 1], 6, 1],
      [[2, 3], [1000, 1], 6, 0],
      [[2 ** 30, 2 ** 30], [2 ** 30, 1], 2 ** 30, 0],
    ] as Parameters<typeof oneTensor>[])
      assert.throws(() => one(...args), /beyond its storage/)
    assert.throws(() => one([1000], [0], 1), /share their places/)
    assert.throws(() => one([3, 3], [1, 1], 100), /share their places/)
    assert.throws(() => one([-1], [1], 100), /describes a tensor/)
  })

  it('is refused with a view that is negated or conjugated on use', () => {
    for (const state of ['neg', 'conj'])
      assert.throws(() => readPickle(oneTensor([2], [1], 2, 0, state)), /when they are used: save tensor\.resolve_conj/)
    assert.equal(tensorsOf(readPickle(oneTensor([2], [1], 2, 0, 'other'))).length, 1)
  })

  it('is refused with tensors of other kinds, and says what to do', () => {
    for (const name of [
      'torch._utils\n_rebuild_sparse_tensor',
      'torch._utils\n_rebuild_qtensor',
      'torch\nComplexDoubleStorage',
    ])
      refuses(/an unsupported kind .*to_dense/, `c${name}\n)R.`)
  })

  it('has as its model the state dict beside other tensors', () => {
    const inner = oneTensor([2], [1], 2).subarray(2, -1).toString('latin1')
    const key = (name: string) => `\x8c${String.fromCharCode(name.length)}${name}`
    // {'best': {'w': …}['w'], 'state_dict': {'w': …}}: the same tensor twice, once by itself.
    const alone = inner.slice(inner.indexOf('ctorch._utils'), -1)
    const both = tensorsOf(read(`}(${key('best')}${alone}${key('state_dict')}${inner}u.`))
    assert.deepEqual(
      both.map(({ name }) => name),
      ['w'],
    )
    assert.deepEqual(
      tensorsOf(read(`}(${key('best')}${alone}${key('w')}${alone}u.`)).map(({ name }) => name),
      ['best', 'w'],
    )
  })

  it('is a value or a sentence for a thousand mutants', () =>
    holds(
      ['kinds.bin', 'nested.bin', 'typed.bin', 'protocol4.bin', 'runs.bin'].map(pickleOf),
      (mutant) => tensorsOf(readPickle(mutant)),
      1000,
    ))
})
