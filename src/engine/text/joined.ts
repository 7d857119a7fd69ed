import type { Document } from './corpus.ts'

/** Documents as one text with an empty line between them, as the published protocol joins them. */
export async function* joined(documents: AsyncIterable<Document>): AsyncGenerator<string> {
  let first = true
  for await (const { text } of documents) {
    yield first ? text : `\n\n${text}`
    first = false
  }
}
