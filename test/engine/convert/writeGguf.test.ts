// GGUF files of tiny models: types, values, zeros, tokenizers, and what is refused. What llama.cpp makes of them is in llamaCpp.test.ts.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { encodeWeights, writeGguf } from '../../../src/engine/convert/writeGguf.ts'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { nameByProbe } from '../../../src/engine/convert/ggufTokenizer.ts'
import { nameBySplits, wordsOfGpt2 } from '../../../src/catalog/formats/tokenizerJson.ts'
import { writeBitmaskFolder } from '../../support/bitmaskFolder.ts'
import { byteTokenizer } from '../../support/byteTokenizer.ts'
import { cli, cliJson } from '../../support/cli.ts'
import { goldenModel } from '../../support/goldens.ts'
import { withTokenizer } from '../../support/llamaCpp.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

describe('weights as bytes of ggml', () => {
  it('round in Q8_0: the largest to 127 steps, halves away from zero, zeros to zero', () => {
    const numbers = new Float32Array(64)
    numbers.set([127, -63.5, 0.5, 1.5, -0.5, 0.25, 0])
    const bytes = new DataView(encodeWeights('Q8_0', numbers).buffer)
    assert.equal(bytes.byteLength, 68)
    assert.equal(bytes.getUint16(0, true), 0x3c00)
    assert.deepEqual(
      Array.from({ length: 8 }, (_, i) => bytes.getInt8(2 + i)),
      [127, -64, 1, 2, -1, 0, 0, 0],
    )
    assert.ok(
      new Uint8Array(bytes.buffer, 34).every((byte) => byte === 0),
      'a block of zeros has the scale 0',
    )
  })

  it('round to the nearest in F16 and BF16; what F16 cannot hold is an error', () => {
    const words = (type: 'F16' | 'BF16', ...numbers: number[]) => [
      ...new Uint16Array(encodeWeights(type, Float32Array.from(numbers)).buffer),
    ]
    assert.deepEqual(words('F16', 1, 65504, 0, Infinity), [0x3c00, 0x7bff, 0, 0x7c00])
    assert.deepEqual(words('BF16', 1, 70000, 0), [0x3f80, 0x4789, 0])
    assert.throws(() => words('F16', 70000), RangeError)
  })
})

describe('the name of a pre-tokenizer', () => {
  it('follows from the steps of tokenizer.json', () => {
    const bytes = { type: 'ByteLevel', add_prefix_space: false, use_regex: true }
    const named = (pre_tokenizer: unknown, ignore_merges = false) =>
      nameBySplits({ pre_tokenizer, model: { ignore_merges } })
    const split = (Regex: string, behavior = 'Isolated') => ({
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex }, behavior },
        { ...bytes, use_regex: false },
      ],
    })
    assert.equal(named(bytes), 'gpt-2')
    assert.equal(named(split(wordsOfGpt2)), 'gpt-2')
    const digits = { type: 'Digits', individual_digits: true }
    assert.equal(named({ type: 'Sequence', pretokenizers: [digits, bytes] }), 'smollm')
    const llama3 =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
    assert.equal(named(split(llama3), true), 'llama-bpe')
    assert.equal(named(split(llama3.replace('{1,3}', ''))), 'qwen2')
    for (const other of [
      split(llama3),
      split('.'),
      split(wordsOfGpt2, 'Removed'),
      { type: 'Whitespace' },
      { ...bytes, add_prefix_space: true },
    ])
      assert.equal(named(other), null)
    assert.equal(nameByProbe([1, 2, 3]), null)
  })
})

describe('sparsescope convert', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))
  const model = (name: string, changes: Record<string, unknown> = {}) => {
    const folder = temp.path('models', name)
    withTokenizer(goldenModel(name), folder, changes)
    return folder
  }

  for (const name of ['llama', 'llama_biases_tied', 'gemma', 'gpt2', 'gpt_neox', 'qwen2', 'qwen3', 'phi3'])
    it(`writes numbers that compare finds equal to the checkpoint's: ${name}`, async () => {
      const folder = model(name)
      const { tensors } = await cliJson('convert', folder, temp.path('out.gguf'))
      for (const pair of [
        [folder, temp.path('out.gguf')],
        [temp.path('out.gguf'), folder],
      ] as const) {
        const { changed, same, added, removed } = await cliJson('compare', ...pair)
        // A norm is stored with 1 added where its family stores it without, which rounds.
        const moved = (changed as { max_abs: number }[]).filter(({ max_abs }) => max_abs > 1e-6)
        assert.deepEqual([moved, added, removed], [[], [], []])
        assert.ok(Number(same) + (changed as unknown[]).length >= Number(tensors) - 1)
      }
    })

  it('leaves no file when it is stopped, and an earlier file as it was', async () => {
    const stop = new AbortController()
    writeFileSync(temp.path('mine.gguf'), 'mine')
    const { signal } = stop
    const checkpoint = await openCheckpoint(model('llama'))
    try {
      const writing = writeGguf(openModel(checkpoint), temp.path('mine.gguf'), {
        replaces: true,
        signal,
        onProgress: () => stop.abort(),
      })
      await assert.rejects(writing, { code: 'cancelled' })
    } finally {
      await checkpoint.close()
    }
    assert.equal(readFileSync(temp.path('mine.gguf'), 'utf8'), 'mine')
    assert.deepEqual(readdirSync(temp.folder).sort(), ['mine.gguf', 'models'])
  })

  it('keeps every zero in every type; matrices have the type that is asked for, all else F32', async () => {
    await cliJson('prune', model('qwen3'), '--method', 'magnitude', '--sparsity', '0.5', '--out', temp.path('half'))
    const zerosIn = async (path: string) => {
      const { totals, tensors } = await cliJson('inspect', path, '--stats')
      const { linears } = totals as { linears: { zeros: number } }
      return { zeros: linears.zeros, tensors: tensors as { name: string; dtype: string; shape: number[] }[] }
    }
    const { zeros } = await zerosIn(temp.path('half'))
    // Rows of 24 are no blocks of 32, so that matrices with such rows are F16.
    for (const [type, kinds] of [
      ['f32', ['F32']],
      ['f16', ['F16', 'F32']],
      ['bf16', ['BF16', 'F32']],
      ['q8_0', ['F16', 'F32', 'Q8_0']],
    ] as const) {
      const file = temp.path(`${type}.gguf`)
      await cliJson('convert', temp.path('half'), file, '--type', type)
      const found = await zerosIn(file)
      assert.ok(type === 'q8_0' ? found.zeros >= zeros : found.zeros === zeros, `${type}: ${found.zeros}, not ${zeros}`)
      assert.deepEqual([...new Set(found.tensors.map(({ dtype }) => dtype))].sort(), kinds)
      for (const { name, dtype, shape } of found.tensors) if (shape.length < 2) assert.equal(dtype, 'F32', name)
    }
    const kept = await cli('compare', temp.path('half'), temp.path('q8_0.gguf'), '--expect', 'mask-preserved')
    assert.equal(kept.status, 0, kept.stdout)
  })

  it('writes the tokenizer: words, kinds, merges, special tokens, template', async () => {
    const folder = model('llama')
    writeFileSync(
      `${folder}/tokenizer_config.json`,
      JSON.stringify({ bos_token: '<s>', eos_token: { content: '!' }, chat_template: 'Hello' }),
    )
    await cliJson('convert', folder, temp.path('out.gguf'))
    const { metadata } = await cliJson('inspect', temp.path('out.gguf'))
    const found = metadata as Record<string, string>
    assert.equal(found['tokenizer.ggml.model'], 'gpt2')
    assert.equal(found['tokenizer.ggml.pre'], 'gpt-2')
    assert.match(found['tokenizer.ggml.tokens'], /^\["<s>", .* 160 in all\]$/)
    assert.match(found['tokenizer.ggml.token_type'], /^\[3, 1, 1, 1, /)
    assert.deepEqual(
      ['bos_token_id', 'eos_token_id', 'add_bos_token', 'add_eos_token'].map((key) => found[`tokenizer.ggml.${key}`]),
      ['0', '34', 'true', 'false'],
    )
    assert.equal(found['tokenizer.chat_template'], 'Hello')
    assert.equal(found['llama.rope.freq_base'], '10000')
  })

  it('writes for SentencePiece scores that fall with the rank of the merge, and bytes as bytes', async () => {
    const folder = model('llama')
    const vocab = ['<unk>', '<0x0A>', '▁', 'a', 'b', 'ab', '▁ab']
    const tokenizer = {
      added_tokens: [{ id: 0, content: '<unk>', special: true }],
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'Prepend', prepend: '▁' },
          { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
        ],
      },
      model: {
        type: 'BPE',
        byte_fallback: true,
        unk_token: '<unk>',
        vocab: Object.fromEntries(vocab.map((t, i) => [t, i])),
        merges: [
          ['a', 'b'],
          ['▁', 'ab'],
        ],
      },
    }
    writeFileSync(`${folder}/tokenizer.json`, JSON.stringify(tokenizer))
    await cliJson('convert', folder, temp.path('out.gguf'))
    const { metadata } = await cliJson('inspect', temp.path('out.gguf'))
    const found = metadata as Record<string, string>
    assert.equal(found['tokenizer.ggml.model'], 'llama')
    assert.match(found['tokenizer.ggml.token_type'], /^\[2, 6, 1, 1, /)
    assert.equal(found['tokenizer.ggml.add_space_prefix'], 'true')
    // Characters come last, those that are made by the second merge after those of the first.
    assert.match(found['tokenizer.ggml.scores'], /^\[0, 0, -2, -2, … 160 in all\]$/)
  })

  it('refuses what llama.cpp does not have with a message, and leaves nothing behind', async () => {
    const refused = async (folder: string, sentence: RegExp, ...options: string[]) => {
      const { status, stderr } = await cli('convert', folder, temp.path('out.gguf'), ...options)
      assert.equal(status, 2, stderr)
      assert.match(stderr, sentence)
      assert.deepEqual(
        readdirSync(temp.folder).filter((name) => name !== 'models'),
        [],
      )
    }
    await refused(model('opt'), /no GGUF file is made of OPT models.*llama, mistral, qwen2/)
    await refused(model('gemma2'), /scores that are multiplied by/)
    await refused(model('mistral_head_dim'), /the activation quickGelu/)
    await refused(model('llama_rope_dynamic'), /rotary positions of the type dynamic/)
    await refused(model('neox_sequential_tied'), /no biases of q, k and v/)
    await refused(model('llama', { tie_word_embeddings: true }), /the head is the embedding .*another matrix/)
    const none = model('llama')
    writeFileSync(`${none}/tokenizer.json`, JSON.stringify(byteTokenizer({ preTokenizer: { type: 'Whitespace' } })))
    await refused(none, /tokenizer\.json: the token .* the embedding has 160 rows/)
    const odd = model('qwen2')
    const tokenizer = JSON.parse(readFileSync(`${odd}/tokenizer.json`, 'utf8')) as Record<string, unknown>
    writeFileSync(
      `${odd}/tokenizer.json`,
      JSON.stringify({
        ...tokenizer,
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [
            { type: 'Split', pattern: { Regex: '.' }, behavior: 'Isolated' },
            { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
          ],
        },
      }),
    )
    await refused(odd, /does not know what this tokenizer splits text into words by/)
    await refused(goldenModel('llama'), /tokenizer\.json is missing, and a GGUF file needs the tokenizer/)
  })

  it('warns of a window that llama.cpp leaves out', async () => {
    const { warnings } = await cliJson('convert', model('mistral'), temp.path('out.gguf'))
    assert.match(String(warnings), /no sliding window for llama: texts of more than 6 tokens/)
  })

  it('warns of factors that llama.cpp chooses by the context', async () => {
    const { warnings } = await cliJson(
      'convert',
      model('phi3_longrope_short', { original_max_position_embeddings: 1024, max_position_embeddings: 2048 }),
      temp.path('out.gguf'),
    )
    assert.match(
      String(warnings),
      /with a context of more than 1024 tokens, llama.cpp rotates every text as a long one/,
    )
    assert.deepEqual((await cliJson('convert', model('llama'), temp.path('plain.gguf'))).warnings, [])
  })

  it('makes a bitmask dense, and says what does not fit together', async () => {
    await cliJson('prune', model('llama'), '--method', 'magnitude', '--sparsity', '0.5', '--out', temp.path('half'))
    await writeBitmaskFolder(temp.path('half'), temp.path('bits'))
    const { linears } = await cliJson('convert', temp.path('bits'), temp.path('back'))
    assert.equal(linears, 14)
    for (const name of ['model.safetensors', 'sparsescope.mask', 'config.json', 'README.md', 'sparsescope.json'])
      if (existsSync(temp.path('half', name)))
        assert.deepEqual(readFileSync(temp.path('back', name)), readFileSync(temp.path('half', name)), name)
    const fails = async (sentence: RegExp, ...args: string[]) => {
      const { status, stderr } = await cli('convert', ...args)
      assert.equal(status, 2)
      assert.match(stderr, sentence)
    }
    const half = temp.path('half')
    await fails(
      /argument 'bitmask' is invalid. Allowed choices are dense, gguf/,
      half,
      temp.path('x'),
      '--format',
      'bitmask',
    )
    await fails(/is dense already/, half, temp.path('x'))
    await fails(/whose name ends in \.gguf/, half, temp.path('x'), '--format', 'gguf')
    await fails(/--type applies to GGUF only/, half, temp.path('x'), '--type', 'f16')
    await fails(/exists already/, temp.path('bits'), temp.path('back'))
    await fails(/is inside the folder of the model/, half, temp.path('half/x.gguf'))
  })
})
