#!/usr/bin/env python3
"""The PyTorch peer under torch.autocast("cpu", torch.bfloat16): peer_autocast.py PEER COMMAND ...

Forward and backward multiply in bfloat16 as PyTorch's users get it; weights, optimiser and losses stay float32.
"""
import os, runpy, sys

peer = sys.argv[1]
sys.argv = sys.argv[1:]
# The peer starts this interpreter once more in a clean environment before it loads torch.
if "TORCH_PEER_THREADS" in os.environ:
    import torch

    torch.set_autocast_enabled("cpu", True)
    torch.set_autocast_dtype("cpu", torch.bfloat16)
    # The cache of casts is emptied at the end of an autocast block. Here is no block: trained weights would keep their first casts.
    torch.set_autocast_cache_enabled(False)
runpy.run_path(peer, run_name="__main__")
