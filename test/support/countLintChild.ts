// Prints a line of JSON for each hostile recipe: how the work of linting grows when it gets twice as long. Started by lintWork.test.ts.
import { counted, startCounting, type Counts } from './countLint.ts'

startCounting()
const { lint } = await import('../../src/lint/lint.ts')
const { rules } = await import('../../src/lint/lint.ts')
const { usualFacts } = await import('./ruleExamples.ts')
const { hostileRecipes } = await import('./hostileRecipes.ts')

/** Above the most findings of a rule, where the work for each of them no longer grows. */
const size = 250
/** Where less is done, nothing is slow. */
const little = 40 * size
const mostGrowth = 2.2
/** The limit for one function: a binary search among twice as many lines takes a ninth more steps. */
const mostGrowthOfFunction = 2.5

const sum = (counts: Counts) => Object.values(counts).reduce((a, b) => a + b, 0)

for (const [input, textOf] of hostileRecipes(rules)) {
  const work = (n: number) => {
    const text = textOf(n)
    return counted(() => void lint(text, { facts: usualFacts }))
  }
  // What is made once, such as caches of patterns, is made before; a short text makes all of it.
  work(size / 10)
  const [once, twice] = [work(size), work(2 * size)]
  const grown = Object.entries(twice)
    .filter(([place, count]) => count > little && count > mostGrowthOfFunction * (once[place] ?? 0))
    .map(([place, count]) => `${place}: ${once[place] ?? 0} → ${count}`)
  const growth = sum(twice) / sum(once)
  console.log(
    JSON.stringify({ input, work: sum(once), growth, tooFast: growth > mostGrowth || grown.length > 0, grown }),
  )
}
