// Folders of sweeps that an attacker, a careless colleague or a broken disk could have changed: each changes a whole one. Readers
// and writers say what is wrong or continue, never wait, and touch nothing outside.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface HostileSweep {
  readonly what: string
  /** `sweep` is the sweep's folder, `outside` one of somebody else with a file `precious` and a file `1.txt`. */
  readonly make: (sweep: string, outside: string) => void
}

function replace(path: string, make: (path: string) => void): void {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(dirname(path), { recursive: true })
  make(path)
}

/** Things that may be in the place of a file or a folder. */
const things: Record<string, (path: string, outside: string) => void> = {
  'a file': (path) => writeFileSync(path, 'x'),
  'a folder': (path) => mkdirSync(path),
  'a symbolic link to a file outside': (path, outside) => symlinkSync(join(outside, 'precious'), path),
  'a symbolic link to a folder outside': (path, outside) => symlinkSync(outside, path),
  'a symbolic link to nothing': (path, outside) => symlinkSync(join(outside, 'made through a link'), path),
  'a symbolic link to itself': (path) => symlinkSync(path, path),
  ...(process.platform !== 'win32' && { 'a named pipe': (path: string) => spawnSync('mkfifo', [path]) }),
}

const run = (file: string) => join('runs', '1', file)
const places = [
  ...['plan.json', 'sources.json', 'sweep.prune.yaml', 'cancelled.json', 'sweep.json', join('refused', '1.txt')],
  ...['runs', join('runs', '1'), 'shared', 'refused', 'slurm', 'lock'],
  ...[run('events.jsonl'), run('report.json'), run('lock'), run('state'), run('recipe.prune.yaml')],
]

const text = (file: string, content: string): HostileSweep => ({
  what: `${file} says ${content.slice(0, 30) || 'nothing'}`,
  make: (sweep) => replace(join(sweep, file), (path) => writeFileSync(path, content)),
})

const events = run('events.jsonl')
const deep = '['.repeat(1e6)

export const hostileSweepFolders: readonly HostileSweep[] = [
  ...places.flatMap((place) =>
    Object.entries(things).map(([what, put]): HostileSweep => ({
      what: `${place} is ${what}`,
      make: (sweep, outside) => replace(join(sweep, place), (path) => put(path, outside)),
    })),
  ),
  ...['plan.json', 'sources.json', 'cancelled.json', run('report.json')].flatMap((file) =>
    ['', '{', '[]', 'null', '7', '{"__proto__": {"id": 1}, "runs": 5, "indices": {}}', deep].map((content) =>
      text(file, content),
    ),
  ),
  ...['{"perplexity": {"dense": "x"}, "seconds": [], "trainable": 5}', '{"accuracy": {"dense": []}}'].map((content) =>
    text(run('report.json'), content),
  ),
  ...[
    '{"t":1,"type":"end","status":"done"}\n',
    '{"t":1e999,"type":"step","step":1,"loss":1,"lr":1}\n{{{\n',
    `${deep}\n`,
  ].map((content) => text(events, content)),
  text(events, '{"t":1,"type":"phase","phase":"a"}\n'.repeat(300_000)),
  text(events, '{"t":1,"type":"eval","stage":"dense","task":"__proto__","acc":0.5}\n'),
  { what: 'events.jsonl is one line of 8 GiB', make: (sweep) => truncateSync(join(sweep, events), 2 ** 33) },
  { what: 'plan.json has 8 GiB', make: (sweep) => truncateSync(join(sweep, 'plan.json'), 2 ** 33) },
  { what: 'report.json has 8 GiB', make: (sweep) => truncateSync(join(sweep, run('report.json')), 2 ** 33) },
]
