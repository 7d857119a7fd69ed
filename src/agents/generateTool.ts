// generate_samples: what checkpoints write after the same prompts.
import * as z from 'zod'
import { formatValue } from '../formatting/numbers.ts'
import { mostColumns, type TryProgress } from '../protocol/tryOut.ts'
import { checkpoint, defineTool } from './tool.ts'

const usualTokens = 40

export const generateTool = defineTool({
  name: 'generate_samples',
  title: 'Generate Samples',
  about:
    'Lets one or several checkpoints continue the same prompts, greedily, and shows their texts one below the other.',
  when: 'Use it to give a person an impression of what pruning did. A few texts prove nothing: measure perplexity for that. Not for chat, and not to answer questions.',
  icon: '$(comment)',
  needsTrust: true,
  input: z.strictObject({
    models: z.array(checkpoint).min(1).max(mostColumns).describe('Checkpoints; the first judges the texts of all.'),
    prompts: z.array(z.string().min(1).max(2000)).min(1).max(4),
    max_tokens: z.int().min(1).max(200).optional().describe(`New tokens after each prompt; default ${usualTokens}.`),
  }),
  async run({ models, prompts, max_tokens: maxTokens = usualTokens }, { roots, host, signal, say }) {
    const places = await Promise.all(models.map((model) => roots.source(model)))
    const texts = new Map<string, { text: string; likely: string }>()
    const failed = new Map<number, string>()
    const at = (column: number, prompt: number) => {
      const key = `${column} ${prompt}`
      const one = texts.get(key) ?? { text: '', likely: '' }
      texts.set(key, one)
      return one
    }
    const onProgress = (update: TryProgress) => {
      if (update.type === 'opening') say(`opening ${models[update.column]}`)
      else if (update.type === 'failed') failed.set(update.column, update.message)
      else if (update.type === 'token') at(update.column, update.prompt).text += update.token.piece
      else if (update.type === 'end') at(update.column, update.prompt).text += update.rest
      else if (update.logProbabilities?.length)
        at(update.column, update.prompt).likely = meanOf(update.logProbabilities)
    }
    await host.tryOut({ models: places, prompts, maxTokens }, onProgress, signal)
    return prompts
      .map((prompt, p) => {
        const lines = models.map((model, column) => {
          const { text, likely } = at(column, p)
          return `${model}${likely}: ${failed.get(column) ?? text.trim()}`
        })
        return [`Prompt: ${prompt}`, ...lines].join('\n')
      })
      .join('\n\n')
  },
})

/** How likely the first model finds a text: the mean natural log of its tokens' probabilities. */
function meanOf(logProbabilities: readonly number[]): string {
  const mean = logProbabilities.reduce((a, b) => a + b, 0) / logProbabilities.length
  return ` (log probability ${formatValue(mean)} a token, by the first)`
}
