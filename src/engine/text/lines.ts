// Lines of a text file that may be gzipped and larger than memory.
import { createGunzip } from 'node:zlib'
import { breathe } from '../breathe.ts'
import { readError } from '../../system/diskErrors.ts'
import { openRegular } from '../checkpoint/regularFile.ts'
import { EngineError } from '../errors.ts'

const newline = 0x0a

/** Longer than any document; a few MB of gzip can unfold into gigabytes without a line break. */
const maxLineBytes = 2 ** 27

/** Every line's bytes without its end, in order. Only "\n" ends a line: JSON strings may hold other separators. */
export async function* readLines(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let length = 0
  const whole = () => {
    const line = rest.length === 1 ? rest[0] : Buffer.concat(rest)
    rest = []
    length = 0
    return line
  }
  for await (const chunk of readChunks(path, signal)) {
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      rest.push(chunk.subarray(start, end))
      yield whole()
      start = end + 1
    }
    if (start < chunk.length) rest.push(chunk.subarray(start))
    length += chunk.length - start
    if (length > maxLineBytes)
      throw new EngineError(
        'bad-data',
        `${path} has a line of more than ${maxLineBytes} bytes; write one document a line, or split it`,
      )
  }
  if (rest.length > 0) yield whole()
}

/** The file's bytes in order, unpacked where its name ends with .gz, about a MiB at a time. */
export async function* readChunks(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const file = (await openRegular(path, 'bad-data')).createReadStream({ highWaterMark: 1 << 20 })
  const gunzip = path.endsWith('.gz') ? createGunzip({ chunkSize: 1 << 20 }) : null
  // Without this a read error would never reach the reader of the unpacked stream.
  const stream = gunzip ? file.on('error', (error) => gunzip.destroy(error)).pipe(gunzip) : file
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      await breathe(signal)
      yield chunk
    }
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
