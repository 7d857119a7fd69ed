// How pruned weights are stored, a row a format.

export const saveFormats = {
  dense: {
    about: 'exact zeros in ordinary safetensors, the mask beside them',
    result: 'dense safetensors with exact zeros, as large as before; the mask lies beside them.',
  },
  bitmask: {
    about:
      'kept values and their bits, smaller on disk and in transfer; `sparsescope expand` makes it dense before it is served',
    result: 'pruned linears as kept values and bits; make it dense with `sparsescope expand` before it is served.',
  },
} as const

export type SaveFormat = keyof typeof saveFormats

export const saveFormatNames = Object.keys(saveFormats) as SaveFormat[]
export const defaultSaveFormat: SaveFormat = 'dense'
