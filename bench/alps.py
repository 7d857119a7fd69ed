"""The other sides of bench/alps.ts, on one thread of the CPU.

    python alps.py problems MODEL IDS BLOCK WINDOWS OUT      weights and G = 2/S XᵀX of a dense block's linears, as safetensors
    python alps.py time PROBLEMS SPARSITY PATTERN PEER [AUTHORS]

PATTERN is "-" or N:M. PEER is the peer's alps_admm.py, AUTHORS a checkout of mazumder-lab/ALPS. One JSON object on stdout:
processor seconds of a whole block and every linear's relative error, a side.
"""
import contextlib
import importlib.util
import json
import os
import sys
import tempfile
import time
from pathlib import Path


import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

torch.set_num_threads(1)


def problems(model, ids, block, windows, out):
    from transformers import AutoModelForCausalLM

    net = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    with safe_open(ids, "pt") as file:
        rows = file.get_tensor("calibration")[: int(windows)].long()
    inputs, hooks = {}, []
    layer = net.model.layers[int(block)]
    linears = {n: m for n, m in layer.named_modules() if isinstance(m, torch.nn.Linear)}
    for name, linear in linears.items():
        # q, k, v and gate, up see the same tensor: one sum each.
        def observe(_, args, name=name):
            x = args[0].flatten(0, 1).double()
            inputs[name] = inputs.get(name, 0) + x.t() @ x

        hooks.append(linear.register_forward_pre_hook(observe))
    with torch.no_grad():
        for row in rows:
            net(row[None])
    tensors = {}
    for name, linear in linears.items():
        tensors[f"{name}.weight"] = linear.weight.detach().clone()
        tensors[f"{name}.hessian"] = (2 / len(rows) * inputs[name]).float()
    save_file(tensors, out)


def relative_error(weight, found, g):
    of = lambda m: ((m @ g) * m).sum().item()
    return of((found - weight).double()) / of(weight.double())


def module_of(path, name, text=None):
    if text is not None:
        path = Path(tempfile.mkdtemp()) / f"{name}.py"
        path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def side(name, linears, solve):
    start, errors, found = time.process_time(), {}, {}
    with contextlib.redirect_stdout(sys.stderr), torch.no_grad():
        solve(found)
    seconds = time.process_time() - start
    for linear, (weight, g) in linears.items():
        errors[linear] = relative_error(weight, found[linear], g.double())
    return {"seconds": seconds, "errors": errors}


def timed(path, sparsity, pattern, peer_path, authors=None):
    tensors = load_file(path)
    names = [n.removesuffix(".weight") for n in tensors if n.endswith(".weight")]
    linears = {n: (tensors[f"{n}.weight"], tensors[f"{n}.hessian"]) for n in names}
    sparsity, nm = float(sparsity), None if pattern == "-" else [int(x) for x in pattern.split(":")]
    sys.path.insert(0, str(Path(peer_path).parent))
    peer = module_of(peer_path, "alps_admm")

    def by_peer(found):
        factors = {}
        for n, (weight, g) in linears.items():
            key = n if "down" in n or n.endswith("o_proj") else n.split(".")[0]
            if key not in factors:
                factors[key] = peer.alps_factor(g)
            found[n] = peer.alps(weight, factors[key], sparsity, nm)[0]

    results = {"peer": side("peer", linears, by_peer)}
    if authors:
        text = (Path(authors) / "alps.py").read_text().replace("'cuda:0'", "'cpu'")
        code = module_of(None, "authors_alps", text.replace("torch.cuda.synchronize()", "pass"))

        def by_authors(found):
            for n, (weight, g) in linears.items():
                layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False)
                layer.weight.data = weight.clone()
                solver = code.ALPS_prune(layer, 0, 0)
                solver.XtX = g.clone()
                # Their n counts what stays.
                solver.ALPS_admm(sparsity, *([nm[1] - nm[0], nm[1]] if nm else []))
                found[n] = layer.weight.data

        results["authors"] = side("authors", linears, by_authors)
    print(json.dumps(results))


{"problems": problems, "time": timed}[sys.argv[1]](*sys.argv[2:])
