// "Export to GGUF…" as the editor calls it, in the real backend process.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { cliJson } from '../../support/cli.ts'
import { goldenModel } from '../../support/goldens.ts'
import { backendScript, startHubBackend, type HubBackend } from '../../support/hubBackend.ts'
import { withTokenizer } from '../../support/llamaCpp.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { lacks } from '../../support/skip.ts'

describe('GGUF files from the backend process', () => {
  let temp: Scratch
  let backend: HubBackend
  const path = () => temp.path('llama', 'model.safetensors')
  before(async function () {
    if (!existsSync(backendScript)) return lacks(this, 'no dist/backend.mjs: run npm run build')
    temp = scratch()
    backend = await startHubBackend(temp, '', '')
    withTokenizer(goldenModel('llama'), temp.path('llama'))
  })
  after(async () => {
    await backend.stop()
  })

  it('are as large as was announced, and contain what `sparsescope convert` writes', async () => {
    const { own, sizes } = await backend.call('ggufSizes', { path: path() })
    assert.equal(own, 'f32')
    for (const { type, bytes } of sizes) {
      const to = temp.path(`${type}.gguf`)
      const told: number[] = []
      const onProgress = ({ have, total }: { have: number; total: number }) => told.push(have / total)
      const written = await backend.call('writeGguf', { path: path(), to, type, replaces: false }, { onProgress })
      assert.deepEqual([written, statSync(to).size], [{ bytes, warnings: [] }, bytes])
      assert.ok(told.length > 0 && told.every((share) => share > 0 && share <= 1))
      await cliJson('convert', temp.path('llama'), temp.path(`${type}-cli.gguf`), '--type', type)
      assert.ok(readFileSync(to).equals(readFileSync(temp.path(`${type}-cli.gguf`))))
    }
  })

  it('replace another file only if a person has agreed, and leave nothing when stopped', async () => {
    const { call } = backend
    const to = temp.path('mine.gguf')
    writeFileSync(to, 'mine')
    const asked = { path: path(), to, type: 'f32', replaces: false } as const
    await assert.rejects(call('writeGguf', asked), { code: 'exists' })
    await assert.rejects(call('writeGguf', { ...asked, replaces: true }, { signal: AbortSignal.abort() }), {
      code: 'cancelled',
    })
    assert.equal(readFileSync(to, 'utf8'), 'mine')
    await call('writeGguf', { ...asked, replaces: true })
    assert.equal(readFileSync(to).toString('latin1', 0, 4), 'GGUF')
    assert.deepEqual(
      readdirSync(temp.folder).filter((name) => name.includes('partial')),
      [],
    )
  })

  it('are refused for a model that llama.cpp does not have', async () => {
    const refused = backend.call('ggufSizes', { path: goldenModel('opt') })
    await assert.rejects(refused, { code: 'unsupported', message: /no GGUF file is made of OPT models/ })
  })
})
