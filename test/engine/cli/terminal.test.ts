// The command line on a terminal, the built one too: when it is done, the terminal holds what a pipe would have received, and
// while it works, there is no more below that than one bar in one row.
import assert from 'node:assert/strict'
import { closeSync, cpSync, openSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { cliOn, cliOnTerminal, entry } from '../../support/cli.ts'
import { fileBytes, safetensors } from '../../support/safetensors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'
import { createEmulator, onTerminal } from '../../support/terminal.ts'
import { cannot } from '../../support/skip.ts'

const bar = /^[█░]+ +\d+ % \S/
const calibration = { data: 'ids.safetensors', samples: 8, seq_len: 16 }
const evaluate = [{ data: 'ids.safetensors', seq_len: 16, at: ['dense', 'pruned', 'recovered'], every: 20 }]
const training = { train: ['bias', 'norm', 'mask_lora'], steps: 60, lora: { rank: 4, alpha: 8 } }
const model = 'ein-modell-名前-mit-einem-sehr-langen-Namen'
const shared = { version: 1, model, calibration, prune: [{ method: 'wanda', sparsity: 0.5 }], evaluate }
const retrain = { mode: 'retrain', ...training, data: 'ids.safetensors', samples: 16, seq_len: 16 }

const commands: Record<string, string[]> = {
  'run, reconstruction': ['run', 'reconstruct.prune.yaml'],
  'run, retraining': ['run', 'retrain.prune.yaml'],
  prune: ['prune', model, '--method', 'random', '--sparsity', '0.5', '--out', 'gekürzt-模型'],
  evaluate: ['evaluate', model, '--data', 'viele.safetensors'],
  'inspect --stats': ['inspect', 'large.safetensors', '--stats', '--tensors'],
  compare: ['compare', 'many.safetensors', 'changed.safetensors'],
  'a refusal': ['evaluate', 'gibt-es-nicht-模型', '--data', 'ids.safetensors'],
}

describe('the command line on a terminal', function () {
  this.timeout(300_000)

  /** A folder with everything that the commands name. */
  function makePlace(): string {
    const place = scratch()
    cpSync(goldenPath('opt'), place.path(model), { recursive: true })
    cpSync(goldenPath('opt', 'prune', 'calib.safetensors'), place.path('ids.safetensors'))
    const reconstruct = { mode: 'reconstruct', ...training }
    for (const [name, recover] of Object.entries({ reconstruct, retrain }))
      writeFileSync(
        place.path(`${name}.prune.yaml`),
        JSON.stringify({ ...shared, recover, save: { to: `${name}-результат` } }),
      )
    const ids = Int32Array.from({ length: 1500 * 16 }, (_, i) => i % 50)
    place.write(
      'viele.safetensors',
      safetensors({ ids: { dtype: 'I32', shape: [1500, 16], data: new Uint8Array(ids.buffer) } }),
    )
    const layers = Array.from({ length: 150 }, (_, i) => `schicht.${i}.gewicht`)
    writeLong(place, 'many.safetensors', layers, [64, 2048], 0)
    writeLong(place, 'changed.safetensors', layers, [64, 2048], 1)
    writeLong(place, 'large.safetensors', ['weight'], [24_000, 4096], 0)
    return place.folder
  }

  /**
   * F32 tensors of zeros, the first element of each `first`: they take next to no room on the disk, and long enough to read that a
   * bar is worth it, which is drawn every 60 ms.
   */
  function writeLong(place: Scratch, name: string, tensors: string[], shape: [number, number], first: number): void {
    const bytes = 4 * shape[0] * shape[1]
    const entries = tensors.map((tensor, i) => [
      tensor,
      { dtype: 'F32', shape, data_offsets: [i * bytes, (i + 1) * bytes] },
    ])
    const header = JSON.stringify(Object.fromEntries(entries))
    const path = place.write(name, fileBytes(header))
    const start = statSync(path).size
    truncateSync(path, start + tensors.length * bytes)
    if (first === 0) return
    const file = openSync(path, 'r+')
    for (const i of tensors.keys())
      writeSync(file, new Uint8Array(Float32Array.of(first).buffer), 0, 4, start + i * bytes)
    closeSync(file)
  }

  /** Numbers of seconds, tokens a second, the time in names and the folder differ from run to run. */
  const alike = (line: string) =>
    line
      .replace(/\S*test-\w{6}\b/, '<folder>')
      .replaceAll(/[\d.,]+/g, '#')
      .replaceAll(/\s+/g, ' ')
      .trim()

  interface Shown {
    readonly pieces: Iterable<string | Uint8Array>
    readonly status: number | null
  }

  /** Compares what a terminal shows, at the end and on the way there, with what a pipe gets. */
  async function assertShown(columns: number, args: readonly string[], { pieces, status }: Shown): Promise<void> {
    const { stdout, stderr, status: expected } = await cliOn(columns, makePlace(), ...args)
    const failed = expected === 0 ? '' : stderr
    const lines = `${stdout}${failed}`.split('\n').map(alike)
    while (lines.at(-1) === '') lines.pop()
    assert.equal(status, expected)
    const emulator = createEmulator(columns)
    let bars = 0
    for (const piece of pieces) {
      await emulator.write(piece)
      const shown = emulator.lines()
      if (bar.test(shown.at(-1) ?? '')) bars++
      shown.slice(0, -1).forEach((line, i) => assert.equal(alike(line), lines[i]))
    }
    if (expected === 0) assert.ok(bars > 0, 'no bar was ever seen')
    assert.deepEqual(emulator.lines().map(alike), lines)
  }

  for (const [what, args] of Object.entries(commands))
    for (const columns of [40, 100])
      it(`${what}, ${columns} columns: bar, messages and results never touch`, async () =>
        assertShown(columns, args, await cliOnTerminal(columns, makePlace(), ...args)))

  for (const what of ['run, retraining', 'a refusal'])
    it(`${what}: nor do they in the built one on a pseudo-terminal`, async function () {
      if (process.platform !== 'linux') cannot(this, 'a pseudo-terminal is made by a program of Linux')
      const args = commands[what]
      await assertShown(60, args, await onTerminal(60, [process.execPath, entry, ...args], makePlace()))
    })
})
