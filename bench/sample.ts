// The paper's effects on the bundled sample: every method and recovery, on both models. About 40 minutes on two cores.
//   npm run build && npx tsx bench/sample.ts [--models opt,llama] [--sparsities 0.5,0.6,0.7] [--steps 200] [--only full]
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine, root, sparsescope } from './support/process.ts'

const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: 'opt,llama' },
    sparsities: { type: 'string', default: '0.5,0.6,0.7' },
    steps: { type: 'string', default: '200' },
    only: { type: 'string', default: '' },
  },
})
const out = join(root, 'out/bench-sample')
const steps = Number(options.steps)
const data = join(root, 'samples/text/train.jsonl')
const evaluation = join(root, 'samples/text/evaluation.txt')

interface Report {
  perplexity: { dense: number; pruned: number; recovered?: number }
  trainable: { percent: number } | null
  seconds: { total: number }
}

/** The less is left to repair, the smaller the learning rate; one factor for all recoveries, not tuned for each. */
const rateFactor: Readonly<Record<string, number>> = { '0.5': 0.4, '0.6': 0.7 }

/** `lr` is the rate at 70 %. */
const retrain = (train: string[], lr: number) => ({
  mode: 'retrain',
  ...{ train, steps, lr, batch_size: 8, shuffle: true, data, samples: 640, seq_len: 256 },
})
const reconstruct = (train: string[], how = {}) => ({
  mode: 'reconstruct',
  ...{ ...how, train, steps, lr: 1e-3, batch_size: 2 },
})
/** A LLaMA has no biases: asking for them there is only a warning. */
const allCells: { method: string; name: string; recover: { mode: string; lr: number } }[] = [
  { method: 'magnitude', name: 'bias + norm', recover: retrain(['bias', 'norm'], 5e-3) },
  { method: 'magnitude', name: 'bias + norm + ScaleLoRA', recover: retrain(['bias', 'norm', 'scale_lora'], 5e-3) },
  { method: 'magnitude', name: 'bias + norm + LoRA-Prune', recover: retrain(['bias', 'norm', 'lora_prune'], 3e-3) },
  { method: 'magnitude', name: 'bias + norm + MaskLoRA', recover: retrain(['bias', 'norm', 'mask_lora'], 3e-3) },
  { method: 'magnitude', name: 'full', recover: retrain(['full'], 1e-3) },
  {
    method: 'magnitude',
    name: 'reconstructed, bias + norm + MaskLoRA',
    recover: reconstruct(['bias', 'norm', 'mask_lora']),
  },
  {
    method: 'wanda',
    name: 'reconstructed, bias + norm + MaskLoRA',
    recover: reconstruct(['bias', 'norm', 'mask_lora']),
  },
  {
    method: 'wanda',
    name: 'reconstructed by submodule on dense inputs, bias + norm + MaskLoRA',
    recover: reconstruct(['bias', 'norm', 'mask_lora'], { window: 'submodule', inputs: 'dense' }),
  },
  {
    method: 'sparsegpt',
    name: 'reconstructed, bias + norm + MaskLoRA',
    recover: reconstruct(['bias', 'norm', 'mask_lora']),
  },
]

/** `--only` takes a part of the recovery's name. */
const cells = allCells.filter(({ name }) => name.includes(options.only))
if (cells.length === 0)
  throw new Error(
    `--only ${options.only}: no recovery has that in its name; there are ${allCells.map((c) => c.name).join('; ')}`,
  )

const settings = options.models
  .split(',')
  .flatMap((model) => options.sparsities.split(',').map((s) => ({ model, sparsity: Number(s) })))
type Setting = (typeof settings)[number]

function measure({ model, sparsity }: Setting, cell: number): Report {
  const { method, recover } = cells[cell]
  const lr = recover.mode === 'retrain' ? recover.lr * (rateFactor[sparsity] ?? 1) : recover.lr
  const recipe = {
    version: 1,
    model: join(root, 'samples', model),
    prune: [{ method, sparsity }],
    calibration: { data, samples: 64, seq_len: 256 },
    recover: { ...recover, lr },
    evaluate: [{ task: 'perplexity', data: evaluation, seq_len: 256, at: ['dense', 'pruned', 'recovered'] }],
    save: { to: `${model}-${sparsity}-${cell}` },
  }
  const file = join(out, `${model}-${sparsity}-${cell}.prune.yaml`)
  writeFileSync(file, JSON.stringify(recipe, null, 2))
  return sparsescope<Report>('run', file).json
}

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
console.log(`${machine()}; ${steps} steps\n`)
const line = (texts: string[]) => console.log(`| ${texts.join(' | ')} |`)
const reports = cells.map(() => [] as Report[])
for (const setting of settings)
  for (const [i, { method, name }] of cells.entries()) {
    const report = measure(setting, i)
    reports[i].push(report)
    const { perplexity, seconds } = report
    const change = `${perplexity.pruned.toFixed(2)} → ${perplexity.recovered?.toFixed(2)}`
    console.error(
      `${setting.model} ${setting.sparsity}: ${method}, ${name}: ${change} in ${seconds.total.toFixed(0)} s`,
    )
  }
line(['', 'trained', 's', ...settings.map(({ model, sparsity }) => `${model}, ${100 * sparsity} %`)])
line(['---', '---', '---', ...settings.map(() => '---')])
line(['dense', '', '', ...reports[0].map(({ perplexity }) => perplexity.dense.toFixed(2))])
let shown = ''
for (const [i, { method, name }] of cells.entries()) {
  const row = reports[i]
  if (method !== shown) line([method, '', '', ...row.map(({ perplexity }) => perplexity.pruned.toFixed(2))])
  shown = method
  // These are the shares of the first model and setting: a LLaMA trains less, having no biases.
  const trained = `${row[0].trainable?.percent.toFixed(2)} %`
  const seconds = row[0].seconds.total.toFixed(0)
  line([`→ ${name}`, trained, seconds, ...row.map(({ perplexity }) => perplexity.recovered?.toFixed(2) ?? '')])
}
