// How pruned weights are stored, a row a format.

export const saveFormats = {
  dense: {
    about: 'exact zeros in ordinary safetensors, the mask beside them',
    result: 'dense safetensors with exact zeros, as large as before; the mask is beside them.',
  },
  gguf: {
    about:
      'as dense, and the same model as one file for llama.cpp and Ollama, beside the folder and with its name plus `.gguf`; models that llama.cpp does not support are refused before the run',
    result:
      'dense safetensors with exact zeros, the mask beside them; and the same model in one file beside the folder.',
  },
} as const

export type SaveFormat = keyof typeof saveFormats

export const saveFormatNames = Object.keys(saveFormats) as SaveFormat[]
export const defaultSaveFormat: SaveFormat = 'dense'
