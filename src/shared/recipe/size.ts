// Sizes as recipes and options write them.
export { formatBytes, parseByteSize as parseSize } from '../format/byteSize.ts'
