// Does an instruct model prune better on conversations than on raw text? ALPS 50 %, calibrated on Python files as they are, and on the same files as chats.
//   npx tsx bench/chats.ts --model FOLDER --out FOLDER [--packages FOLDER] [--precision bf16] [--memory SIZE]
// Measured on files of other packages (support/packages.ts), as they are and as chats, where only the answer counts. Prints a table, and
// writes the greedy answers of the dense and both pruned models to ten prompts into one Markdown page of OUT. What is in OUT already is not computed again.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { codeOf, type Document, measuredPackages, trainedPackages } from './support/packages.ts'
import { machine, sparsescope } from './support/process.ts'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    out: { type: 'string' },
    packages: { type: 'string', default: 'out/packages' },
    precision: { type: 'string', default: 'bf16' },
    memory: { type: 'string' },
  },
})
if (!options.model || !options.out) {
  console.error('usage: chats.ts --model FOLDER --out FOLDER [--packages FOLDER]')
  process.exit(2)
}
const [model, out] = [resolve(options.model), resolve(options.out)]
const common = ['--precision', options.precision, ...(options.memory ? ['--memory', options.memory] : [])]
const windows = 64
const seqLen = 512
/** The longest answer. */
const mostTokens = 120
/** Characters of a file that make more than `seqLen` tokens of code. */
const shown = 4000

/** The file as the end of a conversation: its first fifth is the question, what follows is the answer. */
function chatOf({ name, text }: Document): object {
  const lines = text.slice(0, shown).split('\n')
  const cut = Math.ceil(lines.length / 5)
  const fenced = (part: string[]) => `\`\`\`python\n${part.join('\n')}\n\`\`\``
  return {
    messages: [
      { role: 'user', content: `Continue this file, ${name.split('/').at(-1)}:\n\n${fenced(lines.slice(0, cut))}` },
      { role: 'assistant', content: fenced(lines.slice(cut)) },
    ],
  }
}

function writeLines(name: string, rows: object[]): string {
  const path = join(out, name)
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return path
}

const prompts = [
  'Write a Python function that reverses a linked list.',
  'Write a Python function that returns the n-th Fibonacci number without recursion.',
  'Explain in two sentences what a Python generator is.',
  'What is wrong with this code?\n\n```python\ndef add(item, items=[]):\n    items.append(item)\n    return items\n```',
  'Write a regular expression that matches an ISO date such as 2026-12-01.',
  'Write a SQL query that returns the five customers with the most orders.',
  'Turn this loop into a list comprehension:\n\n```python\nout = []\nfor x in xs:\n    if x > 0:\n        out.append(x * x)\n```',
  'What is the time complexity of binary search, and why?',
  'Write a unit test with pytest for a function `slugify(text)`.',
  'Name the capital of France.',
]

mkdirSync(out, { recursive: true })
const long = (documents: Document[]) => documents.filter(({ text }) => text.length >= shown).slice(0, windows)
const [trained, held] = [trainedPackages, measuredPackages].map((packages) => long(codeOf(packages, options.packages)))
const asText = (documents: Document[]) => documents.map(({ text }) => ({ text: text.slice(0, shown) }))
const files = {
  code: writeLines('code.jsonl', asText(trained)),
  chats: writeLines('chats.jsonl', trained.map(chatOf)),
  heldCode: writeLines('held-code.jsonl', asText(held)),
  heldChats: writeLines('held-chats.jsonl', held.map(chatOf)),
}

interface Measured {
  readonly code: number
  readonly chats: number
  readonly answers: readonly string[]
}

function measured(name: string, folder: string): Measured {
  const known = join(out, `${name}.json`)
  if (existsSync(known)) return JSON.parse(readFileSync(known, 'utf8')) as Measured
  const perplexity = (...args: string[]) =>
    sparsescope<{ perplexity: number }>('evaluate', folder, '--seq-len', String(seqLen), ...common, ...args).json
      .perplexity
  const result = {
    code: perplexity('--data', files.heldCode, '--samples', String(windows)),
    chats: perplexity('--data', files.heldChats, '--samples', String(windows), '--loss-on', 'assistant'),
    answers: prompts.map(
      (prompt) =>
        sparsescope<{ text: string }>(
          'generate',
          folder,
          '--chat',
          '--max-tokens',
          String(mostTokens),
          ...common,
          '--prompt',
          prompt,
        ).json.text,
    ),
  }
  writeFileSync(known, JSON.stringify(result))
  return result
}

function pruned(name: 'code' | 'chats'): string {
  const folder = join(out, `alps-${name}`)
  if (existsSync(join(out, `${name}.json`))) return folder
  rmSync(folder, { recursive: true, force: true })
  const calibration = ['--calibration', files[name], '--samples', String(windows), '--seq-len', String(seqLen)]
  sparsescope('prune', model, '--method', 'alps', '--sparsity', '0.5', ...calibration, ...common, '--out', folder)
  return folder
}

const models = {
  dense: measured('dense', model),
  'ALPS on raw code': measured('code', pruned('code')),
  'ALPS on chats': measured('chats', pruned('chats')),
}
/** An answer may be cut off inside its own code fence, so the frame is of tildes. */
const framed = (answer: string) => `~~~~text\n${answer.trim()}\n~~~~`
const answers = prompts.map((prompt, i) =>
  [
    `## ${i + 1}. ${prompt}`,
    ...Object.entries(models).map(([name, { answers: all }]) => `**${name}**\n\n${framed(all[i])}`),
  ].join('\n\n'),
)
const title = `# Ten answers of ${basename(model)}, dense and pruned`
const about = `The most likely token each time, at most ${mostTokens} of them: answers may end in the middle. Both pruned models have lost half of their weights by ALPS, without recovery. Made by \`npx tsx bench/chats.ts\`.`
writeFileSync(join(out, 'answers.md'), `${[title, about, ...answers].join('\n\n')}\n`)
console.log(`${machine()}\n\n| model | raw code | answers of chats |\n| --- | --- | --- |`)
for (const [name, { code, chats }] of Object.entries(models))
  console.log(`| ${name} | ${code.toFixed(3)} | ${chats.toFixed(3)} |`)
