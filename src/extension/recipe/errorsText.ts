/** How many mistakes a recipe has, and the first; the list of problems has them all. */
export function errorsText(recipe: string, errors: readonly string[]): string {
  const [first = ''] = errors
  return errors.length === 1
    ? `${recipe} has an error: ${first}`
    : `${recipe} has ${errors.length} errors, first: ${first}`
}
