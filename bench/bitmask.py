"""The oracle of bitmask checkpoints: compressed-tensors 0.14.0.1 (later ones dropped the format) decompresses the weights.

    python bitmask.py BITS DENSE        two folders of the same model, saved as `format: bitmask` and as `format: dense`

Needs torch, safetensors, compressed-tensors 0.14.0.1. Prints how many tensors differ, and the bytes of both.
"""
import json
import sys
from pathlib import Path

import torch
from compressed_tensors.compressors import BaseCompressor
from compressed_tensors.config import SparsityCompressionConfig
from safetensors.torch import load_file

bits, dense = map(Path, sys.argv[1:3])
config = json.loads((bits / "config.json").read_text())["quantization_config"]["sparsity_config"]
config = SparsityCompressionConfig.load_from_registry(config["format"], **config)
compressor = BaseCompressor.load_from_registry(config.format, config=config)
expected = {}
for file in dense.glob("*.safetensors"):
    expected.update(load_file(file))
differ, done = [], 0
for name, value in compressor.decompress(str(bits)):
    done += 1
    if not torch.equal(value, expected[name]):
        differ.append(name)
size = lambda folder: sum(f.stat().st_size for f in folder.glob("*.safetensors"))
print(f"{done} of {len(expected)} tensors decompressed, {len(differ)} differ; {size(bits)} bytes against {size(dense)}")
sys.exit(bool(differ) or done == 0)
