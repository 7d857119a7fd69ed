// Names that come from people or settings as names of files and folders, no two of them the same.

/** Bytes. File systems end names at 255, and what the name is put behind needs some too. */
const longest = 120

/**
 * Each name without characters that any file system refuses. One that is too long, or as a file system may see it the same as an
 * earlier one, ends in its number.
 */
export function placeNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name, index) => {
    // Dots in front would hide it, or lead out of the folder that it is in.
    const plain = name.replace(/[^\p{L}\p{N}_.,=+-]+/gu, '_').replace(/^\.+/, '_')
    const short = cut(plain)
    const isOwn = short !== '' && short === plain && !taken.has(short.toLowerCase())
    const own = isOwn ? plain : `${short}-${index}`
    taken.add(own.toLowerCase())
    return own
  })
}

const utf8 = new TextEncoder()

/** The longest start that takes no more bytes than a name may have. */
function cut(text: string): string {
  let [kept, bytes] = ['', 0]
  for (const letter of text) {
    bytes += utf8.encode(letter).length
    if (bytes > longest) return kept
    kept += letter
  }
  return kept
}
