// Loaded by `node --import`, this holds a new run once it has saved its first block: before its next event the process writes a file
// with its id as the name into the folder that the environment names, and waits until the file is gone. A resumed run is not held.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'

const file = join(process.env.HOLD_IN, String(process.pid))
/** A test that failed lets nothing go on. */
const longestMs = 300_000
const { writeSync } = fs
let isNew = false
let hasBlock = false

fs.writeSync = (descriptor, data, ...rest) => {
  const line = Buffer.isBuffer(data) ? data.toString() : ''
  if (line.includes('"type":"start"')) isNew = !line.includes('"resumed":true')
  if (isNew && hasBlock) {
    isNew = false
    hold()
  }
  hasBlock ||= line.includes('"type":"block"')
  return writeSync(descriptor, data, ...rest)
}
syncBuiltinESMExports()

function hold() {
  fs.writeFileSync(file, '')
  const until = Date.now() + longestMs
  while (fs.existsSync(file) && Date.now() < until) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
}
