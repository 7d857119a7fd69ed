// Renders conversations by a chat template, and finds the assistant's parts in the text. Templates are untrusted: they see only
// what is handed to them, and steps, values and text are limited. This runs in the tokenizer's thread, which has a time limit.
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja'
import { randomUUID } from 'node:crypto'
import { EngineError, messageOf } from '../errors.ts'
import type { ChatMessage, ChatTemplate } from './chatTemplate.ts'

export interface ChatRequest {
  readonly template: ChatTemplate
  readonly messages: readonly ChatMessage[]
  /** Place of the conversation, for error messages. */
  readonly where: string
  /** Whether the text ends with what opens an answer (`add_generation_prompt`). */
  readonly reply: boolean
  /** Whether the assistant's parts are wanted. */
  readonly parts: boolean
}

export interface RenderedChat {
  readonly text: string
  /** Start and end of each part of the assistant, in UTF-16 units; none unless they are wanted. */
  readonly parts: readonly (readonly [start: number, end: number])[]
}

/** Most nodes of the template that are evaluated, a few seconds' work. A turn takes about 50 nodes. */
const mostSteps = 500_000
/** Most characters of a text: more than any context holds. */
const longestText = 2 ** 22
/** Most items of a list: the limit that Jinja's own sandbox sets for ranges. */
const longestList = 100_000

/**
 * The text as `apply_chat_template` of transformers makes it. Parts are what `{% generation %}` and `{% endgeneration %}` enclose where
 * the template has them. Else a part is what an assistant's turn adds to the text of the earlier turns with the answer opened.
 * @throws EngineError 'bad-config' for a template that is not valid Jinja, 'bad-data' for a conversation that the template rejects.
 */
export function renderChat({ template, messages, where, reply, parts }: ChatRequest): RenderedChat {
  try {
    if (parts && generation.test(template.text)) return cutAtMarks(render(markedProgram(template), messages, template))
    const program = programOf(template, template.text)
    const text = render(program, messages, template, reply)
    const write = (count: number, opened: boolean) => render(program, messages.slice(0, count), template, opened)
    return { text, parts: parts ? partsByTurns(text, messages, write) : [] }
  } catch (error) {
    if (error instanceof EngineError) throw error
    throw new EngineError(
      'bad-data',
      `${where}: the chat template in ${template.path} does not take this conversation (${reasonOf(error)}); fix or remove it`,
    )
  }
}

type Program = ReturnType<typeof parse>

function reasonOf(error: unknown): string {
  return error instanceof RangeError ? 'it nests too deep or makes too much text' : messageOf(error).slice(0, 300)
}

/** The latest template and its program, kept since all conversations of a file use one template. */
let last: { readonly text: string; readonly program: Program } | null = null

function programOf({ path }: ChatTemplate, text: string): Program {
  if (last?.text === text) return last.program
  try {
    // Jinja reads every line end as \n.
    const program = parse(tokenize(text.replace(/\r\n?/g, '\n'), { lstrip_blocks: true, trim_blocks: true }))
    last = { text, program }
    return program
  } catch (error) {
    throw new EngineError(
      'bad-config',
      `${path}: its chat template is not valid Jinja (${reasonOf(error)}); get it again`,
    )
  }
}

/** An interpreter with limits on its steps and values. */
class LimitedInterpreter extends Interpreter {
  #steps = 0

  override evaluate(...[node, scope]: Parameters<Interpreter['evaluate']>): ReturnType<Interpreter['evaluate']> {
    if (++this.#steps > mostSteps) throw new Error(`it takes more than ${mostSteps} steps`)
    const result = super.evaluate(node, scope)
    const { value } = result
    if (typeof value === 'string' && value.length > longestText)
      throw new Error(`it makes more than ${longestText} characters`)
    if (Array.isArray(value) && value.length > longestList)
      throw new Error(`it makes a list of more than ${longestList} items`)
    return result
  }
}

/** The text of the messages, rendered with the variables and functions that transformers gives a template. */
function render(program: Program, messages: readonly ChatMessage[], { tokens }: ChatTemplate, reply = false): string {
  const scope = new Environment()
  const globals = { true: true, false: false, none: null, True: true, False: false, None: null }
  const functions = { raise_exception: refuse, range: limitedRange, strftime_now: fixedDate }
  const asked = { messages, tools: null, documents: null, add_generation_prompt: reply }
  for (const [name, value] of Object.entries({ ...tokens, ...globals, ...functions, ...asked })) scope.set(name, value)
  const { value } = new LimitedInterpreter(scope).run(program)
  return String(value)
}

function refuse(reason: unknown): never {
  throw new Error(String(reason))
}

function limitedRange(first: number, end?: number, step = 1): number[] {
  const [start, stop] = end === undefined ? [0, first] : [first, end]
  const length = Math.max(0, Math.ceil((stop - start) / step))
  if (!(length <= longestList)) throw new Error(`it makes a range of more than ${longestList} items`)
  return Array.from({ length }, (_, i) => start + i * step)
}

/** A fixed date, which Llama's templates fall back to, so that a conversation gives the same ids on every day. */
const date: Readonly<Record<string, string>> = { Y: '2024', m: '07', d: '26', b: 'Jul', B: 'July', H: '00', M: '00' }

function fixedDate(format: unknown): string {
  return String(format).replace(/%(\w)/g, (written, letter: string) => date[letter] ?? written)
}

const generation = /\{%(-?)\s*generation\s*(-?)%\}/
/** Marks where the assistant's parts begin and end in the rendered text. It is random, so no template can contain it. */
const mark = randomUUID()

/** Puts each mark between two block tags, so that Jinja removes the white space around them as it does around the original tag. */
function markedProgram(template: ChatTemplate): Program {
  const text = template.text
    .replace(new RegExp(generation, 'g'), `{%$1 if true %}{{ "${mark}" }}{% if true $2%}`)
    .replace(/\{%(-?)\s*endgeneration\s*(-?)%\}/g, `{%$1 endif %}{{ "${mark}" }}{% endif $2%}`)
  return programOf(template, text)
}

function cutAtMarks(marked: string): RenderedChat {
  const pieces = marked.split(mark)
  const parts: [number, number][] = []
  let text = ''
  for (const [i, piece] of pieces.entries()) {
    // Every second piece is between two marks.
    if (i % 2 === 1) parts.push([text.length, text.length + piece.length])
    text += piece
  }
  return { text, parts }
}

/** `write` gives the text of the first `count` turns, `opened`: and what opens an answer. @throws Error where `text` begins differently. */
function partsByTurns(
  text: string,
  messages: readonly ChatMessage[],
  write: (count: number, opened: boolean) => string,
): [number, number][] {
  return messages.flatMap(({ role }, turn): [number, number][] => {
    if (role !== 'assistant') return []
    const [before, after] = [write(turn, true), write(turn + 1, false)]
    if (text.startsWith(before) && text.startsWith(after) && before.length <= after.length)
      return [[before.length, after.length]]
    throw new Error(
      `it writes turn ${turn + 1} differently when other turns follow, so the assistant's part cannot be located: leave loss_on out, or use a template with {% generation %}`,
    )
  })
}
