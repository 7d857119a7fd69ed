// JSON of untrusted files. JSON.parse lets the last of two equal keys win and builds objects on which `__proto__` means
// something; here a repeated key is an error and an object is a Map. jsonEdit.ts changes single values.
import { FormatError, quoted } from '../../errors.ts'

export type Json = null | boolean | number | string | Json[] | JsonObject
export type JsonObject = Map<string, Json>

/** Most levels of nesting: more than any header, index or config needs, and few enough for the stack. */
const maxDepth = 64

/** Parses the whole text. @throws FormatError, with the character where it went wrong. */
export function parseJson(text: string): Json {
  const reader = new JsonReader(text)
  const value = reader.value(0)
  reader.end()
  return value
}

class JsonReader {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  value(depth: number): Json {
    if (depth > maxDepth) throw new FormatError(`its JSON is nested deeper than ${maxDepth} levels; get the file again`)
    const start = this.skipSpace()
    switch (start) {
      case '{':
        return this.object(depth)
      case '[':
        return this.array(depth)
      case '"':
        return this.string()
      default:
        return this.literal()
    }
  }

  end(): void {
    if (this.skipSpace() !== '') throw this.unexpected()
  }

  private object(depth: number): JsonObject {
    const result: JsonObject = new Map()
    this.at++
    if (this.skipSpace() === '}') {
      this.at++
      return result
    }
    for (;;) {
      if (this.skipSpace() !== '"') throw this.unexpected()
      const key = this.string()
      if (result.has(key))
        throw new FormatError(`${quoted(key)} appears twice, and a reader cannot know which one is meant; remove one`)
      if (this.skipSpace() !== ':') throw this.unexpected()
      this.at++
      result.set(key, this.value(depth + 1))
      if (this.separator('}')) return result
    }
  }

  private array(depth: number): Json[] {
    const result: Json[] = []
    this.at++
    if (this.skipSpace() === ']') {
      this.at++
      return result
    }
    for (;;) {
      result.push(this.value(depth + 1))
      if (this.separator(']')) return result
    }
  }

  /** Consumes a comma (false) or the closing bracket (true). */
  private separator(close: string): boolean {
    const next = this.skipSpace()
    if (next !== ',' && next !== close) throw this.unexpected()
    this.at++
    return next === close
  }

  private string(): string {
    const start = this.at
    let end = start + 1
    let plain = true
    for (; ; end++) {
      const code = this.text.charCodeAt(end)
      if (code === 0x22) break
      if (code === 0x5c) {
        plain = false
        end++
      }
      if (Number.isNaN(code) || code < 0x20) throw this.unexpected(end)
    }
    this.at = end + 1
    return plain ? this.text.slice(start + 1, end) : (this.builtin(start, end + 1) as string)
  }

  private literal(): Json {
    const integer = this.smallInteger()
    if (integer !== null) return integer
    const token = /[-+.\w]*/y
    token.lastIndex = this.at
    const word = token.exec(this.text)?.[0] ?? ''
    if (!/^(true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?)$/.test(word)) throw this.unexpected()
    const start = this.at
    this.at += word.length
    return this.builtin(start, this.at) as Json
  }

  /** Fast path for dimensions and offsets, most of a header's values: up to 15 digits and nothing else. Otherwise null. */
  private smallInteger(): number | null {
    let end = this.at
    let value = 0
    for (; ; end++) {
      const digit = this.text.charCodeAt(end) - 0x30
      if (!(digit >= 0 && digit <= 9)) break
      value = 10 * value + digit
    }
    const digits = end - this.at
    const next = this.text.charCodeAt(end)
    const leadingZero = digits > 1 && this.text.charCodeAt(this.at) === 0x30
    // Only a comma or a bracket after the digits shows that they are the whole number.
    if (digits === 0 || digits > 15 || leadingZero || (next !== 0x2c && next !== 0x5d && next !== 0x7d)) return null
    this.at = end
    return value
  }

  /** Strings with escapes, and other numbers, are left to JSON.parse. */
  private builtin(start: number, end: number): unknown {
    try {
      return JSON.parse(this.text.slice(start, end))
    } catch {
      throw this.unexpected(start)
    }
  }

  /** Moves to the next character that is not white space and returns it; '' at the end. */
  private skipSpace(): string {
    for (; ; this.at++) {
      const code = this.text.charCodeAt(this.at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return this.text.charAt(this.at)
    }
  }

  private unexpected(at = this.at): FormatError {
    const found = at < this.text.length ? quoted(this.text.charAt(at)) : 'the end'
    return new FormatError(
      `it is not valid JSON: unexpected ${found} at character ${at}; fix it there or get the file again`,
    )
  }
}

/** The object behind a value, or a FormatError that says what should have been one. */
export function asObject(value: Json | undefined, what: string): JsonObject {
  if (value instanceof Map) return value
  throw new FormatError(`${what} is not a JSON object; the file is damaged: get it again`)
}

/** Plain objects and arrays, for code that trusts the keys. Keys such as `__proto__` become own properties. */
export function toPlain(value: Json): unknown {
  if (value instanceof Map) {
    const result: Record<string, unknown> = {}
    for (const [key, item] of value) {
      Object.defineProperty(result, key, { value: toPlain(item), enumerable: true, writable: true, configurable: true })
    }
    return result
  }
  return Array.isArray(value) ? value.map(toPlain) : value
}

/** Whether a value is an object in the sense of JSON. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value's fields; empty if it is not a record. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {}
}
