// What a finished run came to beside what the recovery chart shows, where it is saved, and what to do with it next.
import { runName } from '../../src/formatting/paths.ts'
import { undecided } from '../../src/runs/series/accuracies.ts'
import { costFacts, resultMarkdown } from '../../src/runs/series/runResult.ts'
import { Button } from '../shared/button.tsx'
import { Tiles } from '../shared/parts.tsx'
import { host } from './host.ts'
import { picture, result } from './store.ts'

export function ResultCard() {
  const found = result.value
  if (!found) return null
  const { output, ggufOutput } = found
  const reveal = (text: string, what: 'output' | 'report' | 'comparison' | 'tryOut' | 'card' | 'publish') => (
    <Button act={() => host.post({ type: 'reveal', what })}>{text}</Button>
  )
  const copied = () => resultMarkdown(runName(picture.value.name).name, found)
  return (
    <section class="card">
      <h2>Result</h2>
      <Tiles label="Result of the run" tiles={costFacts(found).map(([what, value]) => [value, what])} />
      <div class="muted">
        <p>{output === null ? 'Nothing was saved.' : `Saved to ${output}`}</p>
        {ggufOutput !== null && <p>{`For llama.cpp: ${ggufOutput}`}</p>}
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
        <Button act={() => host.post({ type: 'copy', text: copied() })}>Copy as Markdown</Button>
      </div>
    </section>
  )
}
