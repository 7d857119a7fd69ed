import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAnalyses } from '../../../src/backend/analyses.ts'
import type { AnalysisUpdate, MeasuredRoom } from '../../../src/protocol/inspect.ts'
import { makeWorkspace } from '../../../scripts/vscode/workspace.mjs'
import { scratch } from '../../support/scratch.ts'

const root = new URL('../../../', import.meta.url).pathname
const choice = { device: 'cpu', adapter: '', threads: 1, deviceMemory: '', precision: 'auto' } as const

describe('the analyses of the backend', function () {
  this.timeout(120_000)

  it('certifies the masks of a checkpoint beside its dense model, by matrix and by rows', async () => {
    const folder = makeWorkspace(root, scratch().folder)
    const [path, model] = ['pruned', 'opt'].map((name) => join(folder, name))
    mkdirSync(path)
    copyFileSync(join(model, 'config.json'), join(path, 'config.json'))
    const bytes = readFileSync(join(model, 'model.safetensors'))
    const start = 8 + Number(bytes.readBigUInt64LE(0))
    const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<
      string,
      { shape: number[]; data_offsets: [number, number] }
    >
    const [name = ''] = Object.keys(header).filter((key) => key.endsWith('layers.0.fc1.weight'))
    const [from, to] = header[name].data_offsets
    // Every second weight of this matrix goes, in f32.
    for (let at = start + from; at < start + to; at += 8) bytes.fill(0, at, at + 4)
    writeFileSync(join(path, 'model.safetensors'), bytes)
    const calibration = { data: join(folder, 'ids.safetensors'), samples: 8, seqLen: 16 }
    let found: Record<string, MeasuredRoom> = {}
    const onProgress = ({ certificates = {} }: AnalysisUpdate) => (found = certificates)
    const analyse = (path: string) =>
      createAnalyses().analyse(
        { path, calibration, sensitivity: null, dense: model },
        choice,
        new AbortController().signal,
        onProgress,
      )
    const { warnings } = await analyse(path)
    assert.deepEqual([warnings, Object.keys(found)], [[], [name]])
    const { room, rows, room_by_part: parts = [] } = found[name]
    assert.ok(room > 0 && room < 1, `room ${room}`)
    assert.equal(rows, header[name].shape[0])
    assert.equal(parts.length, Math.min(64, rows))
    assert.ok(parts.some((share) => share > 0) && parts.every((share) => share >= 0 && share < 1))
    assert.match((await analyse(model)).warnings.join(), /no matrix with zeros/)
  })
})
