// Ranges of a data file, for libraries that find their way in it by numbers that the file itself names.
import { EngineError } from '../errors.ts'
import { openRegular } from './regularFile.ts'
import { mostAtOnce } from './filePool.ts'

export interface FileRanges {
  readonly byteLength: number
  /** Bytes [start, end). @throws Error for a range that is not in the file or too long. */
  slice(start: number, end?: number): Promise<ArrayBuffer>
}

/** `maxBytes`: of one range. @throws EngineError 'not-found', 'disk', or 'bad-data' for what is no regular file. */
export async function openRanges(
  path: string,
  maxBytes: number,
): Promise<{ file: FileRanges; close: () => Promise<void> }> {
  const handle = await openRegular(path, 'bad-data')
  const { size } = await handle.stat()
  const file: FileRanges = {
    byteLength: size,
    async slice(start, end = size) {
      // Places come from the file itself.
      if (!(start >= 0 && start <= end && end <= size && end - start <= maxBytes))
        throw new Error(`it names bytes ${start} to ${end} of ${size}`)
      const bytes = new Uint8Array(end - start)
      for (let done = 0; done < bytes.length;) {
        const { bytesRead } = await handle.read(bytes, done, Math.min(mostAtOnce, bytes.length - done), start + done)
        if (bytesRead === 0) throw new EngineError('bad-data', `${path} ends early; get it again`)
        done += bytesRead
      }
      return bytes.buffer
    },
  }
  return { file, close: () => handle.close() }
}
