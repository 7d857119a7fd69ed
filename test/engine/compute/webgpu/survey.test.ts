// A driver that ends the process that asks it something costs that process, once; and nobody asks again.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { inspectAdapters } from '../../../../src/engine/compute/doctor.ts'
import { openBackend } from '../../../../src/engine/compute/open.ts'
import {
  askDrivers,
  chooseAdapter,
  deathsIn,
  driversHere,
  surveyAdapters,
  surveyFile,
  type Answer,
  type SurveyRequest,
  type Survey,
} from '../../../../src/engine/compute/webgpu/survey.ts'
import { cli } from '../../../support/cli.ts'
import { isShort } from '../../../support/extent.ts'
import { scratch } from '../../../support/scratch.ts'
import { goldenPath } from '../../../support/shared.ts'
import { lacks } from '../../../support/skip.ts'

const facts = { software: false, ownMemory: true, maxBufferBytes: 2 ** 32, flopsPerSecond: 1e12 }
const segfault = { death: 'SIGSEGV', hung: false } as const
const hang = { death: 'no answer in 15 s', hung: true } as const

const nobody = (): never => assert.fail('a driver was asked again')

describe('a survey of drivers', function () {
  this.timeout(300_000)
  let folder = ''
  let file = ''
  let asked: SurveyRequest[] = []
  beforeEach(() => {
    folder = scratch().folder
    file = join(folder, 'deep', 'gpu-adapters.json')
    asked = []
  })

  type Opened = { readonly facts: unknown } | Exclude<Answer['end'], 'done'>

  /** A process that lists `names` and opens each adapter; it ends where `open` says so. */
  const drivers =
    (names: unknown, open: (adapter: string, plain: boolean) => Opened = () => ({ facts })) =>
    async (request: SurveyRequest): Promise<Answer> => {
      asked.push(request)
      const said: Record<string, unknown>[] = [{ names }]
      if (!Array.isArray(names)) return { said, end: 'done' }
      for (const opens of new Set(names as string[])) {
        if (request.settled.includes(opens)) continue
        said.push({ opens })
        const answer = open(opens, request.plain.includes(opens))
        if (!('facts' in answer)) return { said, end: answer }
        said.push(answer)
      }
      return { said, end: 'done' }
    }
  const both = ['Old GPU', 'New GPU', 'Old GPU']
  const named = (survey: Awaited<ReturnType<typeof surveyAdapters>>): Survey =>
    'failed' in survey ? assert.fail(survey.failed) : survey

  it('requests less where the full request ends the process, and remembers both', async () => {
    const ask = drivers(both, (adapter, plain) => (adapter === 'New GPU' && !plain ? segfault : { facts }))
    const survey = named(await surveyAdapters({ ask, file, key: 'driver 1' }))
    assert.deepEqual(
      survey.adapters.map(({ name, access, death }) => [name, access, death]),
      [
        ['Old GPU', 'full', null],
        ['New GPU', 'plain', 'SIGSEGV'],
      ],
    )
    assert.deepEqual(asked, [
      { settled: [], plain: [] },
      { settled: ['Old GPU'], plain: ['New GPU'] },
    ])
    assert.deepEqual(await surveyAdapters({ ask: nobody, file, key: 'driver 1' }), survey)
    assert.deepEqual(readdirSync(join(folder, 'deep')), ['gpu-adapters.json'])
    const [sentence, ...more] = deathsIn(survey, file)
    assert.match(sentence, /New GPU.*newest features \(SIGSEGV\): it computes without them/)
    assert.ok(sentence.includes(file))
    assert.deepEqual(more, [])
    const [inHome] = deathsIn(survey, join(homedir(), '.cache', 'a.json'))
    assert.ok(inHome.includes(`once ${join('~', '.cache', 'a.json')} is deleted`), inHome)
  })

  it('asks other drivers anew, and keeps what is known of the first', async () => {
    const ask = drivers(both, () => segfault)
    await surveyAdapters({ ask, file, key: 'driver 1' })
    const next = named(await surveyAdapters({ ask: drivers(both), file, key: 'driver 2' }))
    assert.ok(next.adapters.every(({ access }) => access === 'full'))
    const first = named(await surveyAdapters({ ask: nobody, file, key: 'driver 1' }))
    assert.ok(first.adapters.every(({ access }) => access === 'none'))
    for (let i = 3; i < 40; i++) await surveyAdapters({ ask: drivers(both), file, key: `driver ${i}`, now: i })
    assert.equal(Object.keys(JSON.parse(readFileSync(file, 'utf8')) as object).length, 16)
  })

  it('asks a driver again after a day that gave no answer or refused', async () => {
    const at = async (now: number, ask = drivers(both)) =>
      named(await surveyAdapters({ ask, file, key: 'driver 1', now }))
    const first = await at(
      0,
      drivers(both, () => hang),
    )
    assert.deepEqual(
      first.adapters.map(({ access }) => access),
      ['none', 'none'],
    )
    assert.deepEqual(await at(23 * 3600 * 1000, nobody), first)
    const refused = await at(
      25 * 3600 * 1000,
      drivers(both, () => ({ facts: null })),
    )
    assert.deepEqual(refused.adapters[0], { name: 'Old GPU', access: 'full', death: null, facts: null })
    assert.deepEqual((await at(50 * 3600 * 1000)).adapters[0].facts, facts)
    assert.ok(await at(1e12, nobody))
  })

  it('records only what the drivers caused', async () => {
    const failed = { failed: 'SIGINT' }
    const notAsked = async (): Promise<Answer> => ({ said: [], end: failed })
    assert.deepEqual(await surveyAdapters({ ask: notAsked, file, key: 'a' }), failed)
    assert.deepEqual(await surveyAdapters({ ask: drivers(both, () => failed), file, key: 'a' }), failed)
    assert.ok('failed' in (await surveyAdapters({ ask: drivers(null), file, key: 'a' })))
    assert.throws(() => readFileSync(file), { code: 'ENOENT' })
    await assert.rejects(inspectAdapters({ ask: notAsked, file, key: 'a' }), {
      code: 'unsupported',
      message: /did not start, or failed by itself \(SIGINT\)/,
    })
  })

  it('asks again where its file has anything else in it', async () => {
    await surveyAdapters({ ask: drivers(both), file, key: 'driver 1' })
    const good = JSON.parse(readFileSync(file, 'utf8')) as { 'driver 1': Survey }
    const [adapter] = good['driver 1'].adapters
    const broken: unknown[] = [
      null,
      [],
      { 'driver 1': 1 },
      { 'driver 1': { ...good['driver 1'], adapters: 'none' } },
      { 'driver 1': { ...good['driver 1'], at: 'now' } },
      { 'driver 1': { ...good['driver 1'], death: 'x'.repeat(1000) } },
      ...[
        { access: 'root' },
        { name: {} },
        { name: 'x'.repeat(1000) },
        { facts: { ...facts, software: 1 } },
        { facts: { ...facts, flopsPerSecond: 0 } },
        { death: 7 },
      ].map((part) => ({ 'driver 1': { ...good['driver 1'], adapters: [{ ...adapter, ...part }] } })),
    ]
    for (const text of ['', '{', ' '.repeat(2 ** 21), ...broken.map((value) => JSON.stringify(value))]) {
      writeFileSync(file, text)
      asked = []
      const survey = named(await surveyAdapters({ ask: drivers(both), file, key: 'driver 1' }))
      assert.equal(asked.length, 1, text.slice(0, 200))
      assert.equal(survey.adapters.length, 2)
    }
  })

  it('leaves out a driver that dies of every question, and all where listing dies or hangs', async () => {
    const dies = async (): Promise<Answer> => ({ said: [], end: segfault })
    const nothing = named(await surveyAdapters({ ask: dies, file, key: 'a' }))
    assert.deepEqual([nothing.death, nothing.adapters], ['SIGSEGV', []])
    const one = drivers(both, (adapter) => (adapter === 'Old GPU' ? segfault : { facts }))
    const survey = named(await surveyAdapters({ ask: one, file, key: 'b' }))
    assert.deepEqual(
      survey.adapters.map(({ name, access }) => [name, access]),
      [
        ['Old GPU', 'none'],
        ['New GPU', 'full'],
      ],
    )
    const again = async (): Promise<Answer> => ({ said: [{ names: both }, { opens: 'Old GPU' }], end: segfault })
    assert.ok('failed' in (await surveyAdapters({ ask: again, file, key: 'c' })), 'a process that never learns')
  })

  it('distinguishes a process that ended by itself, by a driver, or by something else', async () => {
    const end = async (code: string, timeout = 60_000) =>
      (await askDrivers({ settled: [], plain: [] }, ['-e', code], timeout)).end
    assert.deepEqual(await end('process.kill(process.pid, "SIGSEGV")'), segfault)
    assert.deepEqual(await end('process.exit(7)'), { death: 'exit code 7', hung: false })
    assert.deepEqual(await end('setInterval(() => {}, 1000)', 1000), { death: 'no answer in 1 s', hung: true })
    for (const code of [
      'throw 1',
      'process.kill(process.pid, "SIGTERM")',
      'setInterval(() => console.log("x".repeat(1e5)), 1)',
    ])
      assert.ok(typeof (await end(code)) === 'object' && 'failed' in Object(await end(code)), code)
    const babble = 'console.log("noise"); console.log(1); console.log(JSON.stringify({ names: process.argv[1] }))'
    assert.deepEqual(await askDrivers({ settled: ['a'], plain: [] }, ['-e', babble]), {
      said: [{ names: '{"settled":["a"],"plain":[]}' }],
      end: 'done',
    })
  })

  it('lets a backend open what lives, and say what died', async () => {
    const survey = (access: 'full' | 'plain' | 'none', death: string | null): Survey => ({
      ...{ at: 0, death: null, doubtful: false },
      adapters: [
        { name: 'Dead GPU', access: 'none', death: 'SIGSEGV', facts: null },
        { name: 'GPU', access, death, facts },
      ],
    })
    const plain = await chooseAdapter(undefined, survey('plain', 'SIGABRT'))
    assert.deepEqual(plain.request, { flags: ['adapter=GPU'], plain: true, flopsPerSecond: 1e12 })
    assert.match(plain.note, /Dead GPU ended every process.* is deleted\. The driver of GPU ended a process/)
    const named = await chooseAdapter('GP', {
      ...survey('full', null),
      adapters: survey('full', null).adapters.slice(1),
    })
    assert.deepEqual(named, { request: { flags: ['adapter=GPU'], plain: false, flopsPerSecond: 1e12 }, note: '' })
    assert.deepEqual((await chooseAdapter('other', survey('full', null))).request, { flags: ['adapter=other'] })
    assert.deepEqual((await chooseAdapter(undefined, { failed: 'no process' })).request, { flags: [] })
    const nothing = { ...survey('full', null), death: 'SIGSEGV', adapters: [] }
    for (const [choice, why] of [
      [await chooseAdapter('Dead', survey('full', null)), /ended every process/],
      [await chooseAdapter(undefined, survey('none', 'exit code 3')), /ended every process/],
      [await chooseAdapter(undefined, nothing), /asked for its adapters/],
    ] as const) {
      assert.equal(choice.request, null)
      assert.match(choice.note, why)
    }
  })

  // It asks the drivers of this machine and starts commands, which takes longer than all tests above.
  if (isShort) return

  it('is done once on this machine, in a process of its own; what is kept decides how a device opens', async function () {
    // Shaders that Mesa has compiled are kept in the same folder: they stay where they are.
    const { XDG_CACHE_HOME, MESA_SHADER_CACHE_DIR } = process.env
    process.env.MESA_SHADER_CACHE_DIR ??= XDG_CACHE_HOME ?? join(homedir(), '.cache')
    process.env.XDG_CACHE_HOME = folder
    try {
      const survey = await surveyAdapters()
      const [first] = 'failed' in survey ? [] : survey.adapters
      if (!first) return lacks(this, 'no WebGPU adapter here: none can be asked')
      assert.equal(first.access, 'full')
      assert.ok((first.facts?.maxBufferBytes ?? 0) > 2 ** 20)
      assert.ok((first.facts?.flopsPerSecond ?? 0) > 1e7)
      assert.deepEqual(await surveyAdapters({ ask: nobody }), survey)
      const kept = (access: 'plain' | 'none') =>
        writeFileSync(
          surveyFile(),
          JSON.stringify({ [driversHere()]: { ...survey, adapters: [{ ...first, access, death: 'SIGSEGV' }] } }),
        )
      kept('plain')
      const plain = await openBackend({ device: 'wgpu' })
      assert.match(String(plain.info.details.note), /computes without them/)
      await plain.close()
      const model = goldenPath('opt')
      const ids = goldenPath('opt', 'prune', 'calib.safetensors')
      for (const args of [
        ['evaluate', model, '--data', ids],
        ['analyse', model, '--calibration', ids, '--json'],
      ]) {
        const { status, stdout, stderr } = await cli(...args, '--device', 'wgpu')
        assert.equal(status, 0, stderr)
        assert.match(stderr, /warning: The driver of .* ended a process.*: it computes without them/)
        assert.doesNotMatch(stdout, /ended a process/)
      }
      kept('none')
      await assert.rejects(openBackend({ device: 'wgpu' }), { code: 'unsupported', message: /it is left out/ })
    } finally {
      for (const [name, value] of Object.entries({ XDG_CACHE_HOME, MESA_SHADER_CACHE_DIR }))
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
    }
  })
})
