// A parquet file of one column of texts in one row group, neither packed nor encoded: for tests that need a large one.
// https://parquet.apache.org/docs/file-format; the headers are Thrift's compact protocol.
type Field = [id: number, type: 'i32' | 'i64' | 'binary' | 'struct' | 'list', value: Buffer]

const codes = { i32: 5, i64: 6, binary: 8, list: 9, struct: 12 }

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}

/** Numbers here are never negative. */
const int = (value: number) => varint(2 * value)
const binary = (text: string) => Buffer.concat([varint(Buffer.byteLength(text)), Buffer.from(text)])
const list = (type: keyof typeof codes, items: Buffer[]) =>
  Buffer.concat([Buffer.of((items.length << 4) | codes[type]), ...items])

function struct(...fields: Field[]): Buffer {
  let before = 0
  const parts = fields.flatMap(([id, type, value]) => {
    const head = Buffer.of(((id - before) << 4) | codes[type])
    before = id
    return [head, value]
  })
  return Buffer.concat([...parts, Buffer.of(0)])
}

const [byteArray, plain, rle, uncompressed, required, utf8] = [6, 0, 3, 0, 0, 0].map(int)

export function parquetOfTexts(field: string, texts: readonly string[]): Buffer {
  const values = texts.map((text) => {
    const bytes = Buffer.from(text)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    return Buffer.concat([length, bytes])
  })
  const data = Buffer.concat(values)
  const rows = int(texts.length)
  const pageFacts = struct([1, 'i32', rows], [2, 'i32', plain], [3, 'i32', rle], [4, 'i32', rle])
  const sizes: Field[] = [
    [2, 'i32', int(data.length)],
    [3, 'i32', int(data.length)],
  ]
  const page = Buffer.concat([struct([1, 'i32', int(0)], ...sizes, [5, 'struct', pageFacts]), data])
  const column = struct(
    [1, 'i32', byteArray],
    [2, 'list', list('i32', [plain])],
    [3, 'list', list('binary', [binary(field)])],
    [4, 'i32', uncompressed],
    [5, 'i64', rows],
    [6, 'i64', int(page.length)],
    [7, 'i64', int(page.length)],
    [9, 'i64', int(4)],
  )
  const group = struct(
    [1, 'list', list('struct', [struct([2, 'i64', int(4)], [3, 'struct', column])])],
    [2, 'i64', int(page.length)],
    [3, 'i64', rows],
  )
  const root = struct([4, 'binary', binary('schema')], [5, 'i32', int(1)])
  const leaf = struct([1, 'i32', byteArray], [3, 'i32', required], [4, 'binary', binary(field)], [6, 'i32', utf8])
  const footer = struct(
    [1, 'i32', int(1)],
    [2, 'list', list('struct', [root, leaf])],
    [3, 'i64', rows],
    [4, 'list', list('struct', [group])],
  )
  const length = Buffer.alloc(4)
  length.writeUInt32LE(footer.length)
  return Buffer.concat([Buffer.from('PAR1'), page, footer, length, Buffer.from('PAR1')])
}
