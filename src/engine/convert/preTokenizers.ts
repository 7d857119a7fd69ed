// The name by which llama.cpp knows how a BPE tokenizer splits text into words, where its tokenizer.json does not tell: found as llama.cpp's
// converter finds it, by a hash of the ids of a text that all of them split differently.
import { createHash } from 'node:crypto'

/** The text of llama.cpp's converter (get_vocab_base_pre of convert_hf_to_gguf.py). */
export const probeText =
  "\n \n\n \n\n\n \t \t\t \t\n  \n   \n    \n     \n🚀 (normal) 😶\u200d🌫️ (multiple emojis concatenated) ✅ 🦙🦙 3 33 333 3333 33333 333333 3333333 33333333 3.3 3..3 3...3 កាន់តែពិសេសអាច😁 ?我想在apple工作1314151天～ ------======= нещо на Български ''''''```````\"\"\"\"......!!!!!!?????? I've been 'told he's there, 'RE you sure? 'M not sure I'll make it, 'D you like some tea? We'Ve a'lL"

/** By the hash of the probe's ids; those of families that can be converted. */
const byHash: Readonly<Record<string, string>> = {
  '0ef9807a4087ebef797fc749390439009c3b9eda9ad1a097abbe738f486c01e5': 'llama-bpe',
  c136ed14d01c2745d4f60a9596ae66800e2b61fa45643e72436041855ad4089d: 'smaug-bpe',
  '049ecf7629871e3041641907f3de7c733e4dbfdc736f57d882ba0b0845599754': 'deepseek-llm',
  '347715f544604f9118bb75ed199f68779f423cabb20db6de6f31b908d04d7821': 'deepseek-coder',
  b3f499bb4255f8ca19fccd664443283318f2fd2414d5e0b040fbdd0cc195d6c5: 'deepseek-r1-qwen',
  '9d032fcbd5501f4a38150912590928bfb36091efb5df11b8e2124b0390e3fb1e': 'falcon3',
  '3ce83efda5659b07b1ad37ca97ca5797ea4285d9b9ab0dc679e4a720c9da7454': 'gpt-2',
  '0fe1cf6eda062318a1af7270f3331a85c539a01778ff948e24388e949c5282f4': 'gpt-2',
  '855059429035d75a914d1eda9f10a876752e281a054a7a3d421ef0533e5b6249': 'smollm',
  e636dc30a262dcc0d8c323492e32ae2b70728f4df7dfe9737d9f920a282b8aea: 'qwen2',
  d4540891389ea895b53b399da6ac824becc30f2fba0e9ddbb98f92e55ca0e97c: 'qwen2',
  '63b97e4253352e6f357cc59ea5b583e3a680eaeaf2632188c2b952de2588485e': 'tekken',
  '0e9433cbbb161f89e264eb32e8e64bfe69e834973ffca5d41d3948a604a3e2a3': 'pixtral',
  b6dc8df998e1cfbdc4eac8243701a65afe638679230920b50d6f17d81c098166: 'olmo',
  fcace8b9cac38ce847670c970cd5892031a753a1ef381abd1d9af00f713da085: 'phi-2',
  ccc2ef013c104be7bae2965776d611e1d7a8a2a9c547dd93a682c9a9fc80352e: 'gpt-4o',
  '35d91631860c815f952d711435f48d356ebac988362536bed955d43bfa436e34': 'starcoder',
  d5f1dd6f980fec569fb218a81a7658ac45fc56b38c5a0adeb1c232fbe04ef5ec: 'seed-coder',
  a1e163ecab2e718a4c829d1148b6e86824ec36163bb71941c3dca9cd5ac25756: 'mellum',
}

/** The name of the tokenizer that gives these ids of `probeText`, as Python writes a list; null for one that llama.cpp does not know. */
export function nameByProbe(ids: ArrayLike<number>): string | null {
  const hash = createHash('sha256')
    .update(`[${Array.from(ids).join(', ')}]`)
    .digest('hex')
  return Object.hasOwn(byHash, hash) ? byHash[hash] : null
}
