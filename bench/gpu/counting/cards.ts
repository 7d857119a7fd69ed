// Cards by their vendors' figures.
export interface Card {
  readonly name: string
  /** Floating-point operations a second in f32 outside tensor cores, which our products use, and in f16. */
  readonly f32: number
  readonly f16: number
  /** The rate of dense f16 products with f32 sums on tensor cores; null where there are none. */
  readonly tensor: number | null
  /** Bytes a second. */
  readonly bandwidth: number
  /** Multiprocessors: a dispatch of fewer workgroups leaves the others idle. */
  readonly units: number
  readonly source: string
}

export const cards: readonly Card[] = [
  {
    ...{ name: 'H100 SXM', f32: 67e12, f16: 134e12, tensor: 989e12, bandwidth: 3.35e12, units: 132 },
    source: 'NVIDIA, H100 Tensor Core GPU data sheet; f16 from the Hopper white paper',
  },
  {
    ...{ name: 'RTX 4090', f32: 82.6e12, f16: 82.6e12, tensor: 165e12, bandwidth: 1.008e12, units: 128 },
    source: 'NVIDIA, Ada GPU architecture white paper',
  },
  {
    ...{ name: 'M3 Max, 40 cores', f32: 14.2e12, f16: 14.2e12, tensor: null, bandwidth: 400e9, units: 40 },
    source:
      'Apple, M3 Max specifications for the bandwidth; the rate is 40 cores × 128 lanes × 2 × 1.4 GHz, Apple publishes none',
  },
  {
    ...{ name: 'Iris Xe, 96 units', f32: 2.07e12, f16: 4.15e12, tensor: null, bandwidth: 68e9, units: 6 },
    source: 'Intel, Core i7-1185G7: 96 execution units × 8 lanes × 2 × 1.35 GHz, LPDDR4x-4266 on 128 bits',
  },
]
