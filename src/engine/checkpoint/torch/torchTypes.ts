// Element types of PyTorch by the names of safetensors.
import type { SafetensorsDtype } from '../../../catalog/formats/dtypes.ts'

const types: Readonly<Record<string, SafetensorsDtype>> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
  'torch.ComplexFloatStorage': 'C64',
  'torch.float64': 'F64',
  'torch.float32': 'F32',
  'torch.float16': 'F16',
  'torch.bfloat16': 'BF16',
  'torch.int64': 'I64',
  'torch.int32': 'I32',
  'torch.int16': 'I16',
  'torch.int8': 'I8',
  'torch.uint8': 'U8',
  'torch.uint16': 'U16',
  'torch.uint32': 'U32',
  'torch.uint64': 'U64',
  'torch.bool': 'BOOL',
  'torch.complex64': 'C64',
  'torch.float8_e4m3fn': 'F8_E4M3',
  'torch.float8_e5m2': 'F8_E5M2',
  'torch.float8_e8m0fnu': 'F8_E8M0',
}

export const torchTypes = Object.keys(types)

/** Element type of a storage's class or a tensor's own type; undefined for an untyped storage. */
export function dtypeOfTorch(type: string): SafetensorsDtype | undefined {
  return Object.hasOwn(types, type) ? types[type] : undefined
}
