"""The oracle of bench/zeroShot.ts: lm-evaluation-harness on local files, float32 on the CPU.

    python zeroShot.py MODEL TASK,… FOLDER LIMIT [THREADS]

needs lm_eval 0.4.13, torch, transformers, accelerate. FOLDER has TASK.jsonl. One JSON object on stdout, an entry a task; `seconds` are those
of the model's passes over the requests, without tokenising them.
"""
import contextlib
import json
import os
import sys
import time

# Its bootstrap starts processes that would run this script again.
os.environ["DISABLE_MULTIPROC"] = "1"

import torch
from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml
from transformers import PreTrainedTokenizerFast

model, tasks, folder, limit = sys.argv[1], sys.argv[2].split(","), sys.argv[3], int(sys.argv[4])
if len(sys.argv) > 5:
    torch.set_num_threads(int(sys.argv[5]))


class TimedLM(HFLM):
    seconds = 0.0

    def _loglikelihood_tokens(self, *args, **kwargs):
        begun = time.perf_counter()
        try:
            return super()._loglikelihood_tokens(*args, **kwargs)
        finally:
            self.seconds += time.perf_counter() - begun


# AutoTokenizer builds some tokenizers anew and splits digits otherwise than tokenizer.json says.
tokenizer = PreTrainedTokenizerFast.from_pretrained(model)
lm = TimedLM(pretrained=model, tokenizer=tokenizer, dtype="float32", device="cpu", batch_size=8)
index = TaskManager().task_index


def on_file(task):
    """The harness's own task, with only the data set replaced."""
    config = dict(load_yaml(index[task].yaml_path, resolve_func=True))
    split = config.get("test_split") or config.get("validation_split")
    path = os.path.join(folder, f"{task}.jsonl")
    config.update(dataset_path="json", dataset_name=None, dataset_kwargs={"data_files": {split: path}})
    for other in ("training_split", "validation_split", "test_split", "fewshot_split"):
        if config.get(other) not in (None, split):
            config[other] = None
    return config


def measured(task):
    lm.seconds = 0.0
    # Standard errors of means need no bootstrap, but are left out without one.
    results = simple_evaluate(
        lm, tasks=[on_file(task)], num_fewshot=0, limit=limit, bootstrap_iters=2, log_samples=True
    )
    (name,) = results["results"]
    figures = results["results"][name]
    samples = sorted(results["samples"][name], key=lambda sample: sample["doc_id"])
    return {
        "acc": figures["acc,none"],
        "stderr": figures["acc_stderr,none"],
        "acc_norm": figures.get("acc_norm,none"),
        "acc_norm_stderr": figures.get("acc_norm_stderr,none"),
        "perplexity": figures.get("perplexity,none"),
        "seconds": lm.seconds,
        "loglikelihoods": [[float(response[0][0]) for response in sample["resps"]] for sample in samples],
    }


with contextlib.redirect_stdout(sys.stderr):
    figures = {task: measured(task) for task in tasks}
print(json.dumps(figures))
