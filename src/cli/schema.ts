// `sparsescope schema`: the recipe's JSON Schema, for other editors and for CI.
import { recipeJsonSchema } from '../recipe/jsonSchema.ts'
import { command, runs } from './command.ts'

export const schemaCommand = command('schema', 'print the JSON Schema of recipes', [
  'schema > prune-recipe-1.schema.json',
]).action(
  runs(async () => {
    const schema = recipeJsonSchema()
    return { json: schema, text: JSON.stringify(schema, null, 2) }
  }),
)
