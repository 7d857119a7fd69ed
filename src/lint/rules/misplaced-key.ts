import { endOf, type Path, type RecipeDocument } from '../../recipe/document.ts'
import { insertKey, remove } from '../../recipe/edits.ts'
import type { TextEdit } from '../../recipe/finding.ts'
import { propertiesAt, sections } from '../../recipe/jsonSchema.ts'
import type { RuleFile } from '../rule.ts'
import { isSame, keysOf, unknownKeys } from '../sourceText.ts'

/** Path of a section of the format, in the same item of `recover` if `parent` is in one. */
function beside(section: Path, parent: Path): Path {
  const [top, ...inner] = section
  return top === parent[0] && top === 'recover' && typeof parent[1] === 'number' ? [top, parent[1], ...inner] : section
}

/** Whether edits remove the whole map at a path: the misplaced key may be all that is in it. */
function takesAway(edits: readonly TextEdit[], document: RecipeDocument, path: Path): boolean {
  const map = document.nodeAt(path)
  if (!map?.range) return false
  const [start, end] = [map.range[0], endOf(map, document.text)]
  return edits.some(({ range }) => document.offset(range.start) <= start && end <= document.offset(range.end))
}

export const rule: RuleFile = {
  id: 'S2',
  severity: 'error',
  voice: 'explains',
  hasSafeFix: true,
  title: 'A key of another section',
  why: 'A key in the wrong place does nothing (llm-compressor#1225). It is most likely meant for the section that knows it.',
  bad: 'prune: [{method: magnitude, steps: 100}]\nrecover: {mode: retrain}',
  good: 'prune: [{method: magnitude}]\nrecover: {mode: retrain, steps: 100}',
  *check(context) {
    const { document } = context
    for (const { key, parent, path } of unknownKeys(context)) {
      const homes = sections.filter((s) => !isSame(keysOf(s), keysOf(parent))).map((s) => beside(s, parent))
      const known = homes.filter((s) => Object.hasOwn(propertiesAt(s) ?? {}, key))
      if (known.length === 0) continue
      const names = known.map((s) => (s.length === 0 ? 'the top level' : keysOf(s).join('.')))
      const fixes = known.flatMap((home, i) => {
        if (context.has([...home, key])) return []
        const range = document.nodeAt(path)?.range
        const value = range ? document.text.slice(range[0], range[1]) : ''
        const insert = value.includes('\n') || value === '' ? [] : insertKey(document, home, key, value)
        const cut = remove(document, path)
        return insert.length > 0 && cut.length > 0 && !takesAway(cut, document, home)
          ? [{ title: `Move to ${names[i]}`, edits: [...cut, ...insert] }]
          : []
      })
      yield {
        at: { key: path },
        message: `The key ${key} belongs to ${names.join(' or ')}, not here: move it there.`,
        fixes,
      }
    }
  },
}
