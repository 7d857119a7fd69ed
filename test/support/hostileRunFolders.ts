// Run folders that an attacker, a careless colleague or a broken disk could have changed: each changes one that can be
// resumed. `ends`: how `run --resume` must end; nothing outside the run folder may change either way.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

export interface HostileCase {
  readonly what: string
  readonly ends: 'refused' | 'resumed'
  /** `run` is the run folder, `outside` a folder of somebody else. */
  readonly make: (run: string, outside: string) => void
}

const progress = join('state', 'progress.json')
const training = join('state', 'training.safetensors')
const firstBlock = join('state', 'pruned-0000.safetensors')

function replace(path: string, make: (path: string) => void): void {
  rmSync(path, { recursive: true, force: true })
  make(path)
}

const refused = (what: string, make: HostileCase['make']): HostileCase => ({ what, ends: 'refused', make })
const resumed = (what: string, make: HostileCase['make']): HostileCase => ({ what, ends: 'resumed', make })

/** The record of progress, without the one inside the training state, which is later. */
const saying = (change: object) => (run: string) => {
  rmSync(join(run, training), { force: true })
  const path = join(run, progress)
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...change }))
}

const text = (file: string, content: string | Uint8Array) => (run: string) =>
  replace(join(run, file), (path) => writeFileSync(path, content))

/** Things that may be in a file's place. Each is refused: a run never makes such things. */
const things: Record<string, (path: string, outside: string) => void> = {
  'a folder': (path) => mkdirSync(path),
  'a symbolic link to a file outside': (path, outside) => {
    cpSync(path, join(outside, 'copy'), { recursive: true })
    replace(path, () => symlinkSync(join(outside, 'copy'), path))
  },
  'a symbolic link to itself': (path) => symlinkSync(path, path),
  ...(process.platform !== 'win32' && { 'a named pipe': (path: string) => spawnSync('mkfifo', [path]) }),
}

function inPlaceOf(file: string, names = Object.keys(things)): HostileCase[] {
  return names.map((name) =>
    refused(`${file} is ${name}`, (run, outside) => {
      const path = join(run, file)
      if (name.includes('outside')) {
        if (!existsSync(path)) writeFileSync(path, '{}')
        things[name](path, outside)
      } else replace(path, () => things[name](path, outside))
    }),
  )
}

/** Names that a run will write: what is there is unlinked, never written through. */
const leftovers = [
  `${progress}.tmp`,
  `${training}.tmp`,
  'report.json.tmp',
  'report.html.tmp',
  'report.html',
  'summary.json.tmp',
  'summary.json',
].flatMap((file) => [
  resumed(`${file} is a symbolic link to a file outside`, (run, outside) =>
    symlinkSync(join(outside, 'precious'), join(run, file)),
  ),
  resumed(`${file} is a symbolic link to nothing`, (run, outside) =>
    symlinkSync(join(outside, 'made through a link'), join(run, file)),
  ),
])

/** A safetensors file with one tensor of four bytes and such metadata. */
function withMetadata(metadata: object): Uint8Array {
  const header = JSON.stringify({ x: { dtype: 'F32', shape: [1], data_offsets: [0, 4] }, __metadata__: metadata })
  const bytes = Buffer.alloc(8 + header.length + 4)
  bytes.writeBigUInt64LE(BigInt(header.length))
  bytes.write(header, 8)
  return bytes
}

export const hostileRunFolders: readonly HostileCase[] = [
  ...['', '{', '[]', 'null', '"x"', '[['.repeat(1e6)].map((content) =>
    refused(`progress.json says ${content.slice(0, 10) || 'nothing'}`, text(progress, content)),
  ),
  ...[
    { version: 99 },
    { finishedBlocks: -1 },
    { finishedBlocks: 1e308 },
    { finishedBlocks: 4 },
    { finishedBlocks: '2' },
    { trainedSteps: 1e9 },
    { eventsBytes: 1e18 },
    { eventsBytes: null },
    { blocks: 5 },
    { blocks: [{ block: 0, modules: null, seconds: 1 }] },
    { warnings: [1] },
    { losses: { length: 1e9 } },
    { device: null },
    { evaluations: [{ stage: 'dense' }] },
    { seconds: [] },
    { recipe: '0'.repeat(64) },
    { sources: [] },
    { base: '/' },
    { base: '../../../../../x' },
    { partial: '/' },
    { partial: '../../outside' },
    { partial: 'x/../../outside' },
    { saveTo: 'a\0b' },
    { saved: 5 },
  ].map((change) => refused(`progress.json says ${JSON.stringify(change).slice(0, 60)}`, saying(change))),
  resumed('progress.json says that the result is somewhere', saying({ saved: '/' })),
  resumed('progress.json has keys that mean something to JavaScript', (run) => {
    saying({})(run)
    const path = join(run, progress)
    const hostile = '{"__proto__": {"partial": "/"}, "constructor": 1, "toString": 2,'
    writeFileSync(path, readFileSync(path, 'utf8').replace('{', hostile))
  }),
  refused('progress.json has a gigabyte', (run) => truncateSync(join(run, progress), 2 ** 30)),
  ...inPlaceOf(progress),
  ...inPlaceOf(training),
  refused('training.safetensors is junk', text(training, 'junk')),
  refused('training.safetensors has no progress', text(training, withMetadata({}))),
  refused('training.safetensors has a progress that is none', text(training, withMetadata({ progress: '{}' }))),
  ...inPlaceOf(firstBlock),
  refused('a block is junk', text(firstBlock, 'junk')),
  refused('a block has masks of no kind', text(firstBlock, withMetadata({ columns: '{"a": -1}' }))),
  refused('a block has masks that it lacks', text(firstBlock, withMetadata({ columns: '{"a": 8}' }))),
  refused('a block is missing', (run) => rmSync(join(run, firstBlock))),
  ...inPlaceOf('events.jsonl'),
  refused('events.jsonl is a hard link to a file outside', (run, outside) =>
    replace(join(run, 'events.jsonl'), (path) => linkSync(join(outside, 'precious'), path)),
  ),
  resumed('events.jsonl holds no events', (run) => {
    const path = join(run, 'events.jsonl')
    writeFileSync(path, '{"type": "block", "modules": 5}\n[]\nnull\n{{{\n'.padEnd(readFileSync(path).length, 'x'))
  }),
  ...['', '{', '[]', '{"status": 5}'].map((content) =>
    refused(`report.json says ${content || 'nothing'}`, text('report.json', content)),
  ),
  ...inPlaceOf('report.json', ['a folder', 'a symbolic link to a file outside', 'a named pipe']),
  ...inPlaceOf('recipe.prune.yaml', ['a symbolic link to a file outside', 'a folder', 'a named pipe']),
  ...inPlaceOf('lock'),
  ...leftovers,
  refused('progress.json.tmp is a folder', (run) => mkdirSync(join(run, `${progress}.tmp`))),
  refused('state is a symbolic link to a folder outside', (run, outside) => {
    renameSync(join(run, 'state'), join(outside, 'state'))
    symlinkSync(join(outside, 'state'), join(run, 'state'))
  }),
  refused('state is a file', (run) => replace(join(run, 'state'), (path) => writeFileSync(path, 'x'))),
  refused('state is missing', (run) => rmSync(join(run, 'state'), { recursive: true })),
  refused('the run folder is empty', (run) => replace(run, (path) => mkdirSync(path))),
]
