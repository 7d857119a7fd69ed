// sparsescope generate: a model's continuation of a prompt, token by token.
import { InvalidArgumentError } from 'commander'
import { openCheckpoint } from '../../engine/checkpoint/checkpoint.ts'
import { openTextGenerator } from '../../engine/generate/generateText.ts'
import { roomFor } from '../../engine/generate/generateTokens.ts'
import { kvCacheBytes } from '../../engine/model/kvCache.ts'
import { openModel } from '../../engine/model/model.ts'
import { openTokenizer } from '../../engine/text/tokenizer.ts'
import { printable } from '../../formatting/printable.ts'
import { computeWith } from './compute.ts'
import {
  precisionOption,
  type PrecisionOptions,
  memoryBytes,
  memoryOption,
  numberFromZero,
  wholeNumber,
} from '../options.ts'
import { closing, command, type CommonOptions, type Outcome, runs } from '../command.ts'
import { plural } from '../../formatting/numbers.ts'

interface GenerateCommandOptions extends CommonOptions, PrecisionOptions {
  prompt: string
  chat?: boolean
  maxTokens: number
  temperature: number
  topP: number
  seed: number
  memory?: string
}

export const generateCommand = command('generate', 'generate text after a prompt', [
  'generate ../opt-125m --prompt "The capital of France is"',
  'generate ../opt-125m-wanda50 --prompt "Once upon a time" --max-tokens 200 --temperature 0.8 --top-p 0.95 --seed 1',
  'generate ../smollm2-135m-instruct --chat --prompt "What is the capital of France?"',
])
  .argument('<model>', 'Hugging Face folder, or hf:org/name')
  .requiredOption('--prompt <text>', 'the text to continue')
  .option('--chat', "treat the prompt as a user's message: the model's chat template formats it, and the model answers")
  .option('--max-tokens <n>', 'maximum number of new tokens', wholeNumber, 100)
  .option(
    '--temperature <t>',
    '0: greedy, always the most likely token; above 0: sampled, with more variety at larger values',
    between(0, 100),
    0,
  )
  .option('--top-p <p>', 'sample among the most likely tokens that together have this probability', between(0, 1), 1)
  .option('--seed <n>', 'seed of the sampling', numberFromZero, 0)
  .addOption(precisionOption())
  .addOption(memoryOption())
  .action(
    runs(async (context, path: string, options: GenerateCommandOptions): Promise<Outcome> => {
      const { signal, io } = context
      await using checkpoint = closing(await openCheckpoint(path))
      const model = openModel(checkpoint.value)
      await using tokenizer = closing(await openTokenizer(checkpoint.value.folder, { signal }))
      const message = { role: 'user', content: options.prompt }
      const where = 'with --chat the prompt'
      const prompt = options.chat
        ? (await tokenizer.value.chat([message], { where, reply: true, signal })).text
        : options.prompt
      // A token has at least one character, so the prompt has at most as many tokens as characters.
      const room = roomFor(model.config, prompt.length, options.maxTokens)
      let said = false
      const onText = (piece: string) => {
        said = true
        io.stdout.write(printable(piece))
      }
      const memory = memoryBytes(options.memory) - kvCacheBytes(model.config, room)
      const { result, info, precision } = await computeWith(
        context,
        model,
        options,
        { memoryBytes: memory, tokensPerPass: prompt.length, as: 'stored' },
        { remedy: 'use a shorter prompt or a smaller --max-tokens', mayRepeat: () => !said },
        async (decoder) => {
          await using generator = closing(await openTextGenerator(decoder, signal, tokenizer.value))
          const heard = options.json ? undefined : onText
          return await generator.value.generate(prompt, { ...options, special: !options.chat, signal, onText: heard })
        },
      )
      const { text, tokens, promptTokens, seconds } = result
      const speed = tokens.length / seconds
      if (!options.json)
        io.stderr.write(`\n${plural(tokens.length, 'token')}, ${speed.toFixed(1)} a second, ${info.description}\n`)
      const measured = { prompt_tokens: promptTokens, seconds, tokens_per_second: speed }
      return { json: { text, tokens, ...measured, device: info.device, precision } }
    }),
  )

function between(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text)
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`Give a number from ${least} to ${most}.`)
  }
}
