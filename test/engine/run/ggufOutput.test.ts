// `save.format: gguf`: the result once more, as one file for llama.cpp.
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { writeGguf } from '../../../src/engine/convert/writeGguf.ts'
import { lintText } from '../../../src/engine/facts/recipeFacts.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { planOfText } from '../../../src/engine/run/open/dryRun.ts'
import { readNote } from '../../../src/engine/run/origin/note.ts'
import { runFolderAt } from '../../../src/runs/folder/runFolder.ts'
import { resultMarkdown, resultOf } from '../../../src/runs/series/runResult.ts'
import { byteTokenizer } from '../../support/byteTokenizer.ts'
import { withTokenizer } from '../../support/llamaCpp.ts'
import { run, runPlace } from '../../support/runs.ts'

const llama = fileURLToPath(new URL('../../fixtures/peft/llama/base', import.meta.url))
const prune = [{ method: 'magnitude', sparsity: 0.5 }]
const retrain = { mode: 'retrain', data: 'ids.safetensors', train: ['norm'], steps: 2, lr: 1e-2 }

describe('save.format: gguf', () => {
  const here = runPlace({ tiny: true })
  beforeEach(() => withTokenizer(llama, here.place.path('llama')))
  const recipe = (name: string, save: object, more: object = {}) =>
    here.place.recipe(name, { version: 1, model: 'llama', prune, recover: retrain, save, ...more })

  it('writes the folder as dense does, and beside it the file that convert makes of the folder; report and page name it', async () => {
    const { place, backend } = here
    const dense = await run(backend, { recipe: recipe('dense', { to: 'dense' }) })
    equal(dense.gguf_output, null)
    for (const type of [undefined, 'q8_0'] as const) {
      const name = `out-${type}`
      const report = await run(backend, {
        recipe: recipe(name, { to: name, pruned: `pruned-${type}`, format: 'gguf', type }),
      })
      const file = place.path(`${name}.gguf`)
      deepEqual([report.output, report.gguf_output], [place.path(name), file])
      for (const part of ['model.safetensors', 'config.json', 'sparsescope.mask', 'tokenizer.json'])
        ok(readFileSync(place.path(name, part)).equals(readFileSync(place.path('dense', part))), part)
      ok(!existsSync(place.path(`pruned-${type}.gguf`)))
      deepEqual((await readNote(place.path(`pruned-${type}`)))?.recipe.save?.format, 'dense')
      const checkpoint = await openCheckpoint(place.path(name))
      await writeGguf(openModel(checkpoint), place.path(`again-${type}.gguf`), { type })
      await checkpoint.close()
      ok(readFileSync(file).equals(readFileSync(place.path(`again-${type}.gguf`))))
      match(readFileSync(runFolderAt(report.run).page, 'utf8'), new RegExp(`${name}\\.gguf`))
      match(resultMarkdown('run', resultOf(report)), /GGUF file \| .*out-.*\.gguf/)
    }
    deepEqual(
      readdirSync(place.folder).filter((name) => name.includes('partial')),
      [],
    )
  })

  it('needs the room of both, and the type decides how much', async () => {
    const disk = async (save: object) => {
      const path = recipe('disk', { to: 'out', ...save })
      return (await planOfText(path, readFileSync(path, 'utf8'), [])).estimates.diskBytes
    }
    const [dense, f32, f16] = [
      await disk({}),
      await disk({ format: 'gguf' }),
      await disk({ format: 'gguf', type: 'f16' }),
    ]
    const numbers = readFileSync(here.place.path('llama', 'model.safetensors')).length / 4
    ok(Math.abs((f32 - dense) / numbers - 4) < 0.4, `${dense} ${f32}`)
    ok(f16 - dense < 0.6 * (f32 - dense), `${f16} ${f32}`)
  })

  it('is refused before anything is written by a run, a dry run and lint alike', async () => {
    const { place, backend } = here
    const tokenizer = (changes: object) => {
      const folder = `odd-${Object.keys(changes).join()}`
      withTokenizer(llama, place.path(folder))
      const { model } = JSON.parse(readFileSync(place.path(folder, 'tokenizer.json'), 'utf8')) as { model: object }
      writeFileSync(place.path(folder, 'tokenizer.json'), JSON.stringify({ ...byteTokenizer(), model, ...changes }))
      return { model: folder }
    }
    writeFileSync(place.path('there.gguf'), 'mine')
    mkdirSync(place.path('bare'))
    for (const part of ['config.json', 'model.safetensors'])
      writeFileSync(place.path('bare', part), readFileSync(place.path('llama', part)))
    const splits = {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: '.' }, behavior: 'Isolated' },
        { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
      ],
    }
    const cases = [
      [{ model: 'model' }, {}, /no GGUF file is made of OPT models/i],
      [{ model: 'bare' }, {}, /tokenizer\.json/],
      [tokenizer({ normalizer: { type: 'NFKC' } }), {}, /llama\.cpp does not know what this tokenizer does to text/],
      [{}, { to: 'out.gguf' }, /write to: out/],
      [{}, { to: 'there' }, /there\.gguf (exists|is there) already/],
      // Only the ids of a text tell: lint does not tokenise.
      [tokenizer({ pre_tokenizer: splits }), {}, /llama\.cpp does not know what this tokenizer splits text/, 'run'],
    ] as const
    const before = readdirSync(place.folder)
    for (const [more, save, sentence, only] of cases) {
      const path = recipe('refused', { to: 'out', format: 'gguf', ...save }, more)
      await rejects(run(backend, { recipe: path }), sentence)
      const text = readFileSync(path, 'utf8')
      const { findings } = await lintText(text, { folder: place.folder })
      const said = findings.filter(({ severity }) => severity !== 'hint').map(({ message }) => message)
      ok(only || said.some((message) => sentence.test(message)), `${String(sentence)}: ${said.join('\n')}`)
      // A folder that is there is a warning in a rehearsal.
      if (!('to' in save && save.to === 'there')) await rejects(planOfText(path, text, []), sentence)
    }
    deepEqual(
      readdirSync(place.folder).filter((name) => name !== 'refused.prune.yaml'),
      before,
    )
    equal(readFileSync(place.path('there.gguf'), 'utf8'), 'mine')
  })

  it('has a type without effect where the format is another, which lint says', async () => {
    const { findings } = await lintText(readFileSync(recipe('idle', { to: 'out', type: 'q8_0' }), 'utf8'), {
      folder: here.place.folder,
    })
    ok(findings.some(({ name, message }) => name === 'key-without-effect' && /only with gguf/.test(message)))
  })
})
