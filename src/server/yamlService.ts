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
  // The library would show the schema's title in every hover.
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

/** Removes examples that are maps: the library completes each example as a word, which for a map is `[object Object]`. */
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
 * The document without `$schema` comments, which give other editors the address of the schema. The library would follow that address
 * and complete nothing.
 */
export function withoutModeline(document: TextDocument): TextDocument {
  const text = document
    .getText()
    .replace(/^(#\s+)(?:yaml-language-server(?=\s*:)|\$schema(?=:))/gm, (line, lead: string) => {
      return lead + '-'.repeat(line.length - lead.length)
    })
  return TextDocument.create(document.uri, document.languageId, document.version, text)
}

/** False for a text that our reader refuses (too long, too deep, too many aliases): the parser of yaml-language-server has no limits. */
export function isSafe({ document }: Analysis): boolean {
  return !document.problems.some((p) => p.code === 'REFUSED')
}
