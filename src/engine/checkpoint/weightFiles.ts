// The files of a checkpoint by their paths: on this disk (filePool.ts), or on the Hub (engine/hub/openRemote.ts).
export interface WeightFiles {
  /** Bytes read so far. */
  readonly bytesRead: number
  /** @throws EngineError 'bad-checkpoint' for what is no regular file. */
  sizeOf(path: string): Promise<number>
  /** Fills `target` from byte `start` of the file. @throws EngineError when the file ends before. */
  read(path: string, start: number, target: Uint8Array): Promise<void>
  /** @throws EngineError 'not-found', or 'bad-checkpoint' when it is too large or no UTF-8. */
  readText(path: string, maxBytes: number): Promise<string>
  /** Path of a shard that an index names. @throws EngineError 'bad-checkpoint' when it is missing or leads elsewhere. */
  shardPath(folder: string, name: string): Promise<string>
  close(): Promise<void>
}
