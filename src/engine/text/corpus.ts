// Documents of a data file, whatever its format. Files may be larger than memory: documents are read again when
// needed, never kept.

export interface Document {
  /** Place in the file, from 0. */
  readonly index: number
  readonly text: string
}

export interface Corpus {
  readonly path: string
  /** Number of documents in the file, without reading their text. */
  count(signal?: AbortSignal): Promise<number>
  /** Documents whose index is wanted (default: all), in the file's order. @throws EngineError 'bad-data' with its place. */
  documents(wanted?: ReadonlySet<number>, signal?: AbortSignal): AsyncGenerator<Document>
  /** All documents as one text, joined by an empty line, a piece at a time. */
  pieces(signal?: AbortSignal): AsyncGenerator<string>
}

/** Documents as one text with an empty line between them, as the published protocol joins them. */
export async function* joined(documents: AsyncIterable<Document>): AsyncGenerator<string> {
  let first = true
  for await (const { text } of documents) {
    yield first ? text : `\n\n${text}`
    first = false
  }
}
