import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { EngineError } from '../../../src/engine/errors.ts'
import { type ChatMessage, readChatTemplate } from '../../../src/engine/text/chatTemplate.ts'
import { renderChat } from '../../../src/engine/text/renderChat.ts'
import { openTokenizer, type Tokenizer } from '../../../src/engine/text/tokenizer.ts'
import { variants } from '../../support/extent.ts'
import { hostileTemplates } from '../../support/hostileTemplates.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { cannot } from '../../support/skip.ts'

interface Row {
  readonly text: string | null
  readonly prompt: string | null
  readonly ids?: number[]
  readonly mask?: number[]
}

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/chat/${name}`, import.meta.url), 'utf8')
const { conversations, ...goldens } = JSON.parse(fixture('goldens.json')) as {
  conversations: ChatMessage[][]
} & Record<string, Row[]>
const tokens = { bos_token: '<s>', eos_token: '</s>' }
const templateNamed = (name: string) => ({ path: `${name}.jinja`, text: fixture(`${name}.jinja`), tokens })
const refusal =
  (code: string, ...patterns: RegExp[]) =>
  (error: unknown) => {
    assert.ok(error instanceof EngineError, String(error))
    assert.equal(error.code, code)
    for (const pattern of patterns) assert.match(error.message, pattern)
    return true
  }
const ask = { where: 'a.jsonl, line 3', reply: false, parts: false }
const hi = conversations[1]

describe('conversations by a chat template', () => {
  for (const [name, rows] of Object.entries(goldens))
    it(`of ${name}: the texts of transformers, and its refusals`, () => {
      for (const [i, row] of rows.entries())
        for (const [reply, wanted] of [
          [false, row.text],
          [true, row.prompt],
        ] as const) {
          const messages = conversations[i]
          const render = () => renderChat({ template: templateNamed(name), messages, ...ask, reply }).text
          if (wanted === null) assert.throws(render, refusal('bad-data', /a\.jsonl, line 3/, /does not take/))
          else assert.equal(render(), wanted, `conversation ${i}`)
        }
    })

  it('are the same whatever the line ends of the template', () => {
    const template = templateNamed('qwen2.5')
    const windows = { ...template, text: template.text.replaceAll('\n', '\r\n') }
    assert.equal(renderChat({ template: windows, messages: hi, ...ask }).text, goldens['qwen2.5'][1].text)
  })

  describe('have parts of the assistant', () => {
    const partsOf = (name: string, messages: readonly ChatMessage[]) => {
      const { text, parts } = renderChat({ template: templateNamed(name), messages, ...ask, parts: true })
      return parts.map(([start, end]) => text.slice(start, end))
    }
    const [, , , , , long] = conversations

    it('where the template marks them, which leaves the text as it is', () => {
      assert.deepEqual(partsOf('generation', long), ['Hello! How can I help?<|im_end|>', '4\n\n<|im_end|>'])
      const template = templateNamed('generation')
      const { text } = renderChat({ template, messages: long, ...ask, parts: true })
      assert.equal(text, goldens.generation[5].text)
    })

    for (const [name, wanted] of [
      ['qwen2.5', ['Hello! How can I help?<|im_end|>\n', '4\n\n<|im_end|>\n']],
      ['llama3', ['Hello! How can I help?<|eot_id|>', '4<|eot_id|>']],
      ['mistral', [' Hello! How can I help?</s>', ' 4</s>']],
    ] as const)
      it(`of ${name} from what opens an answer to the end of the turn`, () =>
        assert.deepEqual(partsOf(name, long), wanted))

    it('are refused where a turn is written differently when others follow', () => {
      const text = '{% for m in messages %}{% if loop.last %}!{% endif %}{{ m.content }}{% endfor %}'
      assert.throws(
        () => renderChat({ template: { path: 'x', text, tokens }, messages: [...hi, ...hi], ...ask, parts: true }),
        refusal('bad-data', /line 3/, /turn 2 differently/, /leave loss_on out/),
      )
    })
  })

  it('say the same date on every day', () => {
    const template = { path: 'x', text: '{{ strftime_now("%d %b %Y, %B %m %H:%M %q") }}', tokens }
    assert.equal(renderChat({ template, messages: hi, ...ask }).text, '26 Jul 2024, July 07 00:00 %q')
  })
})

describe('a folder’s chat template', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))
  const config = (settings: object) => temp.write('tokenizer_config.json', JSON.stringify(settings))

  it('is that of chat_template.jinja, else of tokenizer_config.json, of several the default', async () => {
    assert.equal(await readChatTemplate(temp.folder), null)
    const named = [
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template: 'usual' },
    ]
    config({ chat_template: named, bos_token: { content: '<s>' }, eos_token: '</s>', pad_token: null })
    assert.deepEqual(await readChatTemplate(temp.folder), {
      path: temp.path('tokenizer_config.json'),
      text: 'usual',
      tokens,
    })
    config({ chat_template: 'one' })
    assert.equal((await readChatTemplate(temp.folder))?.text, 'one')
    temp.write('chat_template.jinja', 'own')
    assert.equal((await readChatTemplate(temp.folder))?.text, 'own')
    config({ chat_template: named.slice(0, 1) })
    temp.write('chat_template.jinja', '')
    assert.equal((await readChatTemplate(temp.folder))?.text, '')
  })

  it('is refused where it is too long or its file is no JSON', async () => {
    config({ chat_template: 'x'.repeat(2 ** 20 + 1) })
    await assert.rejects(readChatTemplate(temp.folder), refusal('bad-config', /1048577 characters/))
    temp.write('tokenizer_config.json', '[1]')
    await assert.rejects(readChatTemplate(temp.folder), refusal('bad-config', /not a JSON object/))
  })
})

describe('a hostile chat template', function () {
  this.timeout(60_000)
  let temp: Scratch
  let tokenizer: Tokenizer | undefined
  beforeEach(() => {
    temp = scratch()
    temp.write('tokenizer.json', fixture('tokenizer.json'))
  })
  afterEach(() => tokenizer?.close())
  const render = async (text: string, limitMs?: number) => {
    temp.write('chat_template.jinja', text)
    tokenizer = await openTokenizer(temp.folder, { limitMs })
    return tokenizer.chat(hi, ask)
  }

  const few = ['a text that doubles', 'deep parentheses', 'an include', 'a constructor', 'a prototype']
  for (const [name, text] of variants(hostileTemplates, few))
    it(`with ${name} ends in time with a sentence or a short text`, async () => {
      const outcome = await render(text).then(
        ({ text }) => text,
        (error: unknown) => {
          assert.ok(error instanceof EngineError && ['bad-data', 'bad-config'].includes(error.code), String(error))
          assert.ok(error.message.includes('chat_template.jinja') && error.message.length < 800)
          return ''
        },
      )
      assert.ok(outcome.length < 100, outcome.slice(0, 200))
      assert.equal(({} as Record<string, unknown>).polluted, undefined)
    })

  it('sees only the conversation', async () => {
    const names = ['process', 'globalThis', 'require', 'module', 'this', 'constructor', '__proto__', 'self', 'lipsum']
    const reached = [
      ...names,
      ...names.map((name) => `messages.${name}`),
      ...names.map((name) => `messages[0]["${name}"]`),
      ...names.map((name) => `"a".${name}`),
      ...names.map((name) => `range.${name}`),
      ...names.map((name) => `namespace().${name}`),
    ]
    const { text } = await render(reached.map((one) => `{{ ${one} is defined }}`).join(''))
    assert.equal(text, 'false'.repeat(reached.length))
  })

  it('ends at the time limit where no steps are counted, and names the file and the conversation', async () => {
    const empty = '{% for i in range(100000) %}'.repeat(4) + '{% endfor %}'.repeat(4)
    await assert.rejects(
      render(empty, 500),
      refusal('bad-config', /chat_template\.jinja: its chat template took more than \d s on a\.jsonl, line 3/),
    )
  })

  it('of a real model makes the ids of its own tokens', async function () {
    const folder = process.env.SMOLLM2
    if (!folder) return cannot(this, 'no real model: set SMOLLM2 to its folder')
    tokenizer = await openTokenizer(folder)
    const { text } = await tokenizer.chat(hi, ask)
    const ids = await tokenizer.encode(text, { special: false })
    // <|im_start|> and <|im_end|> of each of three turns.
    assert.equal(ids.filter((id) => id === 1).length, 3)
    assert.equal(ids.filter((id) => id === 2).length, 3)
  })
})
