// A model card for the Hub: metadata, results with their protocol, recipe, how to load. Values of the metadata are JSON, which is YAML.
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type ResolvedEvaluation, writtenRecipe } from '../../../recipe/resolve.ts'
import { saveFormats } from '../../../recipe/settings/save.ts'
import { asMarkdown } from '../../../formatting/printable.ts'
import { markdownTable } from '../../../formatting/tables.ts'
import { unstructured } from '../../../recipe/defaults.ts'
import { writeError } from '../../../system/diskErrors.ts'
import { EngineError } from '../../errors.ts'
import { recipeYaml } from '../open/recipeFile.ts'
import { protocolOf, windowsText } from './protocol.ts'
import { readNote, type Note, hubName, lastStage, measuredEntries, noteFacts, resultTable } from './note.ts'

export const cardName = 'README.md'

export function modelCard(note: Note): string {
  const { recipe, name } = note
  const { heads, rows } = resultTable(note)
  const results =
    rows.length === 0 ? [] : ['## Results', '', markdownTable(heads, rows), '', ...bullets(protocolOf(recipe)), '']
  const source = hubName(recipe.model)
  const made = source
    ? `[${asMarkdown(source)}](https://huggingface.co/${source})`
    : `\`${recipe.model.replaceAll('`', '')}\``
  return [
    '---',
    ...metadataOf(note).map(([key, value]) => `${key}: ${JSON.stringify(value)}`),
    '---',
    '',
    `# ${asMarkdown(name)}`,
    '',
    `Made from ${made} with SparseScope: ${recipe.save ? saveFormats[recipe.save.format].result : ''}`.trim(),
    '',
    markdownTable(['', ''], noteFacts(note)),
    '',
    ...results,
    '## How to load',
    '',
    ...loading(note),
    '',
    '## Recipe',
    '',
    ...fenced(recipeYaml(writtenRecipe(recipe)), 'yaml'),
    '',
  ].join('\n')
}

/**
 * Writes the card of a checkpoint that a run has saved. @throws EngineError 'not-found' for any other checkpoint, 'exists' where
 * there is a card already.
 */
export async function writeModelCard(folder: string): Promise<{ file: string }> {
  const note = await readNote(folder)
  if (!note)
    throw new EngineError(
      'not-found',
      `${folder} has no sparsescope.json written by a run, so there is no record of how it was made`,
    )
  const file = join(folder, cardName)
  try {
    await writeFile(file, modelCard(note), { flag: 'wx', flush: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new EngineError('exists', `${file} is there already and is never overwritten; move it away first`)
    throw writeError(error, file)
  }
  return { file }
}

function metadataOf(note: Note): [string, unknown][] {
  const { recipe, name } = note
  const source = hubName(recipe.model)
  const patterns = recipe.prune.map(({ pattern }) => pattern).filter((pattern) => pattern !== unstructured)
  const tags = ['sparsescope', 'sparse', 'pruned', ...recipe.prune.map(({ method }) => method), ...patterns]
  return [
    ...(source ? ([['base_model', source]] as [string, unknown][]) : []),
    ['library_name', 'transformers'],
    ['pipeline_tag', note.isPart ? 'image-text-to-text' : 'text-generation'],
    ['tags', [...new Set(tags)]],
    ...(measuredEntries(note).length > 0
      ? ([['model-index', [{ name, results: indexed(note) }]]] as [string, unknown][])
      : []),
  ]
}

/** The Hub's model-index: results of the saved model for each entry. */
function indexed(note: Note) {
  const last = lastStage(note)
  return measuredEntries(note).flatMap(({ task, data, seqLen, evaluation, stages }) => {
    const { perplexity, acc } = stages[last] ?? {}
    const metrics = [
      ...(acc === undefined ? [] : [{ type: 'acc', value: acc, name: `${task}, zero-shot` }]),
      ...(perplexity === undefined || !Number.isFinite(perplexity)
        ? []
        : [
            {
              type: 'perplexity',
              value: perplexity,
              name: seqLen === null ? task : perplexityName({ ...evaluation, seq_len: seqLen }),
            },
          ]),
    ]
    const dataset = { name: basename(data), type: basename(data).replace(/\..*$/, '') }
    return metrics.length > 0 ? [{ task: { type: 'text-generation' }, dataset, metrics }] : []
  })
}

/** With everything that changes the number: perplexities of other windows, or of other tokens, are not comparable. */
function perplexityName(windows: Partial<ResolvedEvaluation>): string {
  const { seq_len: seqLen, stride = seqLen, loss_on: lossOn } = windows
  const overlap = stride === seqLen ? '' : ` that begin every ${stride} tokens`
  return `perplexity${lossOn ? ` of the ${lossOn}'s tokens` : ''}, ${windowsText(windows)}${overlap}`
}

function loading({ name, isPart }: Note): string[] {
  const auto = isPart ? 'AutoModelForImageTextToText' : 'AutoModelForCausalLM'
  const code = [
    `from transformers import ${auto}, AutoTokenizer`,
    '',
    `model = ${auto}.from_pretrained(${JSON.stringify(name)})`,
    `tokenizer = AutoTokenizer.from_pretrained(${JSON.stringify(name)})`,
  ].join('\n')
  return fenced(code, 'python')
}

/** Fences a text; the fence is longer than any inside. */
function fenced(text: string, language: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return [fence + language, text.trimEnd(), fence]
}

function bullets(sentences: readonly string[]): string[] {
  return sentences.map((sentence) => `- ${asMarkdown(sentence)}`)
}
