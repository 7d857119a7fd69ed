// The table for a paper: what its rows are, which number is best, what its caption says, and that no name breaks its markup.
import assert from 'node:assert/strict'
import { type ComparedRun, unknownFacts } from '../../../../src/runs/compared/comparedRun.ts'
import { paperTable, protocolIn } from '../../../../src/runs/compared/paperTable.ts'
import { latex, paperText } from '../../../../src/runs/compared/paperText.ts'

interface Given {
  method: string
  sparsity?: number
  pattern?: string
  seed?: number
  perplexity?: number
  state?: ComparedRun['state']
  model?: string
  label?: string
}

function run({
  method,
  sparsity = 0.5,
  pattern = 'unstructured',
  seed = 0,
  perplexity = 30,
  ...others
}: Given): ComparedRun {
  const { state = 'done', model = 'opt-125m', label = method } = others
  const none = { dense: null, pruned: null, recovered: null }
  return {
    name: '',
    label,
    facts: { ...unknownFacts, model, method, sparsity, pattern, seed },
    settings: { 'prune.0.method': method, 'prune.0.sparsity': sparsity, pattern, model, seed },
    state,
    results: {
      sparsity,
      perplexity: { dense: 27.6512, pruned: 99, recovered: perplexity },
      second_text: { text: null, perplexity: none },
      won_back: { text: null, share: null },
      accuracy: none,
      trainable: null,
      seconds: 1,
      peak_memory_mb: 1,
    },
    trainablePercent: null,
  }
}
const tableOf = (runs: readonly ComparedRun[], protocol: readonly string[] = []) =>
  paperTable(
    runs,
    runs.map(() => protocol),
  )
const cells = ({ rows }: ReturnType<typeof tableOf>) =>
  rows.map((row) =>
    row.map(({ text, range, isBest }) => `${isBest ? '*' : ''}${text}${range === null ? '' : ` ± ${range}`}`),
  )

describe('the table for a paper', () => {
  const seeds = [30, 31, 33].map((perplexity, seed) => run({ method: 'wanda', seed, perplexity }))

  it('has the dense model, then a row a configuration: median, and distance of the farthest seed', () => {
    const table = tableOf([...seeds, run({ method: 'magnitude', perplexity: 190.5 })])
    assert.deepEqual(
      table.heads.map(({ text, better }) => [text, better]),
      [
        ['Method', null],
        ['Perplexity', 'low'],
      ],
    )
    assert.deepEqual(cells(table), [
      ['dense', '27.65'],
      ['wanda', '*31.00 ± 2.00'],
      ['magnitude', '190.50'],
    ])
    assert.match(
      table.caption.join(' '),
      /^opt-125m pruned to 50 %\. Median over up to 3 seeds ± .* best of each sparsity in bold\./,
    )
  })

  it('marks the best among equal sparsities of one model alone; equals as written are both best', () => {
    const runs = [
      run({ method: 'wanda', perplexity: 30 }),
      run({ method: 'alps', perplexity: 30.001 }),
      run({ method: 'wanda', sparsity: 0.7, perplexity: 60 }),
      run({ method: 'alps', sparsity: 0.7, perplexity: 50 }),
      run({ method: 'wanda', pattern: '2:4', perplexity: 45 }),
    ]
    assert.deepEqual(cells(tableOf(runs)).slice(1), [
      ['wanda', '50 %', '*30.00'],
      ['alps', '50 %', '*30.00'],
      ['wanda', '70 %', '60.00'],
      ['alps', '70 %', '*50.00'],
      ['wanda', '2:4', '45.00'],
    ])
  })

  it('uses the short names of rows where method, sparsity and recovery do not distinguish them', () => {
    const runs = ['lr 0.1', 'lr 0.2'].map((label, i) => ({ ...run({ method: 'wanda', label }), settings: { lr: i } }))
    assert.deepEqual(
      cells(tableOf(runs)).map(([name]) => name),
      ['dense', 'lr 0.1', 'lr 0.2'],
    )
    const models = [run({ method: 'wanda' }), run({ method: 'wanda', model: 'smol' })]
    assert.deepEqual(
      cells(tableOf(models)).map(([name]) => name),
      ['opt-125m, dense', 'smol, dense', 'opt-125m', 'smol'],
    )
  })

  it('leaves out what is not done, and says so to the author alone', () => {
    const table = tableOf([...seeds, run({ method: 'alps', state: 'running' })])
    assert.equal(table.note, '1 run left out: it is not done.')
    assert.equal(table.rows.length, 2)
    assert.match(paperText(table, 'latex'), /^% 1 run left out/m)
    assert.equal(tableOf(seeds).note, null)
    assert.doesNotMatch(tableOf(seeds).caption.join(), /bold/)
    assert.deepEqual(tableOf([run({ method: 'alps', state: 'failed' })]).rows, [])
  })

  it('says the protocol that all runs share', () => {
    const of = (windows: number) => [
      'Perplexity on w.txt: windows of 2048 tokens.',
      `Calibration on c4: ${windows} windows.`,
      `Seed ${windows}.`,
    ]
    assert.deepEqual(paperTable(seeds.slice(0, 2), [of(128), of(128)]).caption.slice(2), of(128).slice(0, 2))
    assert.deepEqual(paperTable(seeds.slice(0, 2), [of(128), of(64)]).caption.slice(2), of(128).slice(0, 1))
    assert.deepEqual(protocolIn({ protocol: ['a', 1, null] }), ['a'])
    assert.deepEqual(protocolIn({ protocol: 'x' }), [])
  })

  it('is booktabs in LaTeX, and a pipe table in Markdown', () => {
    const table = tableOf([...seeds, run({ method: 'ria', perplexity: 40 })], ['On w_2.txt.'])
    const text = paperText(table, 'latex')
    for (const line of [
      '  \\begin{tabular}{lr}',
      '    Method & Perplexity $\\downarrow$ \\\\',
      '    wanda & \\textbf{31.00} {\\small$\\pm$ 2.00} \\\\',
    ])
      assert.ok(text.includes(`${line}\n`), line)
    assert.match(text, /\\caption\{.*On w\\_2\.txt\.\}/)
    const [heads, rule, , second, , , caption] = paperText(table, 'markdown').split('\n')
    assert.deepEqual(
      [heads, rule, second],
      ['| Method | Perplexity ↓ |', '| --- | ---: |', '| wanda | **31.00** ± 2.00 |'],
    )
    assert.match(caption, /On w\\_2\.txt\.$/)
  })

  it('treats any name as text', () => {
    assert.equal(
      latex('a_b 50 % & {x} $y$ #1 ^~\\input{f} · 2--4'),
      'a\\_b 50 \\% \\& \\{x\\} \\$y\\$ \\#1 \\textasciicircum{}\\textasciitilde{}\\textbackslash{}input\\{f\\} $\\cdot$ 2-{}-4',
    )
    assert.equal(latex('a\n\nb\u202e%\0'), 'a b\\%')
    const hostile = tableOf([run({ method: 'a|b\n| x', label: '*x*' }), run({ method: '<b>' })])
    const rows = paperText(hostile, 'markdown').split('\n')
    assert.ok(rows.some((line) => line.startsWith('| a\\|b \\| x |')))
    assert.ok(rows.some((line) => line.startsWith('| \\<b\\> |')))
  })
})
