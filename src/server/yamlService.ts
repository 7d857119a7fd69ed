// yaml-language-server as a library: completion and hover from the schema, symbols, folding and formatting, but no validation. It is
// loaded with the first request, because it takes longer than the rest of the server.
import type { LanguageService } from 'yaml-language-server/lib/esm/languageservice/yamlLanguageService.js'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { isRecord } from '../catalog/formats/json.ts'
import { recipeJsonSchema } from '../recipe/jsonSchema.ts'
import type { Analysis } from './analyses.ts'

let loading: Promise<LanguageService> | null = null

export function yamlService(): Promise<LanguageService> {
  loading ??= load()
  return loading
}

async function load(): Promise<LanguageService> {
  const { getLanguageService } = await import('yaml-language-server/lib/esm/languageservice/yamlLanguageService.js')
  // Titles and sources of schemas would be above every hover.
  const schema = { ...withoutMapExamples(recipeJsonSchema()), title: undefined }
  const service = getLanguageService({
    schemaRequestService: () => Promise.reject(new Error('recipes have one schema, nothing is fetched')),
    workspaceContext: { resolveRelativePath: (path: string) => path },
  })
  service.configure({
    validate: false,
    hover: true,
    completion: true,
    format: true,
    isKubernetes: false,
    customTags: [],
    yamlVersion: '1.2',
    schemas: [{ uri: 'sparsescope:recipe', fileMatch: ['*'], schema }],
  })
  return service
}

/** The library offers each example as a word, and turns a map into `[object Object]`. */
function withoutMapExamples<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map(withoutMapExamples) as T
  if (!isRecord(schema)) return schema
  const parts = Object.entries(schema).map(([key, part]) => [
    key,
    key === 'examples' && Array.isArray(part) ? part.filter((one) => !isRecord(one)) : withoutMapExamples(part),
  ])
  return Object.fromEntries(parts) as T
}

/**
 * The document as the library should see it. Recipes have one schema, whatever address a `$schema` comment gives to other
 * editors; the library would follow it and complete nothing.
 */
export function withoutModeline(document: TextDocument): TextDocument {
  const text = document
    .getText()
    .replace(/^(#\s+)(?:yaml-language-server(?=\s*:)|\$schema(?=:))/gm, (line, lead: string) => {
      return lead + '-'.repeat(line.length - lead.length)
    })
  return TextDocument.create(document.uri, document.languageId, document.version, text)
}

/** Whether a text may be given to yaml-language-server, whose parser has no limits of its own: false for texts that our reader refuses: too long, too deep, too many aliases. */
export function isSafe({ document }: Analysis): boolean {
  return !document.problems.some((p) => p.code === 'REFUSED')
}
