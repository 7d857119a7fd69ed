// What a finished run came to beside what the ladder shows, where it is saved, and what to do with it next.
import { runName } from '../../src/shared/format/runName.ts'
import { undecided } from '../../src/shared/series/meanAccuracy.ts'
import { costFacts, resultMarkdown } from '../../src/shared/series/runResult.ts'
import { host } from './host.ts'
import { picture, result } from './store.ts'

export function ResultCard() {
  const found = result.value
  if (!found) return null
  const { output } = found
  const action = (text: string, act: () => void) => (
    <button type="button" class="secondary" onClick={act}>
      {text}
    </button>
  )
  const reveal = (text: string, what: 'output' | 'report' | 'comparison' | 'tryOut' | 'card' | 'publish') =>
    action(text, () => host.post({ type: 'reveal', what }))
  const copied = () => resultMarkdown(runName(picture.value.name).name, found)
  return (
    <section class="card resultCard">
      <h2>Result</h2>
      <ul class="tiles" aria-label="Result of the run">
        {costFacts(found).map(([what, value]) => (
          <li>
            <b>{value}</b>
            <span class="muted">{what}</span>
          </li>
        ))}
      </ul>
      <div class="muted">
        <p>{output === null ? 'Nothing was saved.' : `Saved to ${output}`}</p>
        {undecided(found.accuracy).map((sentence) => (
          <p>{sentence}</p>
        ))}
      </div>
      <div class="row">
        {reveal('Open report', 'report')}
        {output !== null && (
          <>
            {reveal('Compare…', 'comparison')}
            {reveal('Try it', 'tryOut')}
            {reveal('Open output', 'output')}
            {reveal('Write model card', 'card')}
            {reveal('Publish…', 'publish')}
          </>
        )}
        {action('Copy as Markdown', () => host.post({ type: 'copy', text: copied() }))}
      </div>
    </section>
  )
}
