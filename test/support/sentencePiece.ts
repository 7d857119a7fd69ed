// A tokenizer.json in the form of the first LLaMA's, with merges learned from a text: BPE over characters, ▁ for spaces, bytes for
// what the vocabulary lacks.

/** `prefix`: a ▁ before the text, as LLaMA has it and Gemma has not. */
export function sentencePiece(text: string, merges: number, prefix: boolean): Record<string, unknown> {
  const words = text.split(/(?= )/).map((word) => [...word.replaceAll(' ', '▁')])
  const pieces = [...new Set(words.flat())]
  const learned: [string, string][] = []
  for (let i = 0; i < merges; i++) {
    const counts = new Map<string, number>()
    for (const word of words)
      for (let j = 0; j + 1 < word.length; j++) {
        const pair = `${word[j]} ${word[j + 1]}`
        counts.set(pair, (counts.get(pair) ?? 0) + 1)
      }
    const [best] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    if (!best) break
    const [left, right] = best[0].split(' ')
    learned.push([left, right])
    pieces.push(left + right)
    for (const word of words)
      for (let j = 0; j + 1 < word.length; j++)
        if (word[j] === left && word[j + 1] === right) word.splice(j, 2, left + right)
  }
  const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`)
  const vocab = ['<unk>', '<s>', '</s>', ...bytes, ...new Set(pieces)]
  const special = (id: number) => ({
    id,
    content: vocab[id],
    special: true,
    normalized: false,
    lstrip: false,
    rstrip: false,
    single_word: false,
  })
  const spaces = { type: 'Replace', pattern: { String: ' ' }, content: '▁' }
  return {
    version: '1.0',
    added_tokens: [0, 1, 2].map(special),
    normalizer: { type: 'Sequence', normalizers: prefix ? [{ type: 'Prepend', prepend: '▁' }, spaces] : [spaces] },
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(vocab.map((piece, id) => [piece, id])),
      merges: learned,
    },
  }
}
