// Lines of a text file that may be gzipped and larger than memory.
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { readError } from '../checkpoint/diskErrors.ts'
import { EngineError } from '../errors.ts'

const newline = 0x0a

/** Every line's bytes without its end, in order. Only "\n" ends a line: JSON strings may hold other separators. */
export async function* readLines(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 1 << 20 })
  const gunzip = path.endsWith('.gz') ? createGunzip({ chunkSize: 1 << 20 }) : null
  // A read error would otherwise never reach whoever reads the unpacked stream.
  const stream = gunzip ? file.on('error', (error) => gunzip.destroy(error)).pipe(gunzip) : file
  let rest: Buffer[] = []
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let start = 0
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
        rest.push(chunk.subarray(start, end))
        yield rest.length === 1 ? rest[0] : Buffer.concat(rest)
        rest = []
        start = end + 1
      }
      if (start < chunk.length) rest.push(chunk.subarray(start))
    }
    if (rest.length > 0) yield Buffer.concat(rest)
  } catch (error) {
    if (gunzip && error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
      throw new EngineError('bad-data', `${path} is not a whole gzip file (${error.message}); get it again`)
    }
    throw readError(error, path)
  } finally {
    file.destroy()
    gunzip?.destroy()
  }
}
