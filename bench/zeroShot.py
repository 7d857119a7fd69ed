"""The oracle of bench/zeroShot.ts: lm-evaluation-harness on one task and one local file, float32 on the CPU.

    python zeroShot.py MODEL TASK DATA LIMIT        # needs lm_eval 0.4.13, torch, transformers; one JSON object on stdout
"""
import json
import sys
import time

from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from transformers import PreTrainedTokenizerFast

model, task, data, limit = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

# AutoTokenizer builds some tokenizers anew and splits digits otherwise than tokenizer.json says.
tokenizer = PreTrainedTokenizerFast.from_pretrained(model)
lm = HFLM(pretrained=model, tokenizer=tokenizer, dtype="float32", device="cpu", batch_size=8)

# The harness's own task, with only the data set replaced.
config = dict(TaskManager()._get_config(task))
split = config.get("test_split") or config.get("validation_split")
config.update(dataset_path="json", dataset_name=None, dataset_kwargs={"data_files": {split: data}})
for other in ("training_split", "validation_split", "test_split", "fewshot_split"):
    if config.get(other) not in (None, split):
        config[other] = None

begun = time.perf_counter()
results = simple_evaluate(lm, tasks=[config], num_fewshot=0, limit=limit, bootstrap_iters=0, log_samples=True)
seconds = time.perf_counter() - begun

(name,) = results["results"]
figures = results["results"][name]
samples = sorted(results["samples"][name], key=lambda sample: sample["doc_id"])
print(json.dumps({
    "acc": figures["acc,none"],
    "acc_norm": figures.get("acc_norm,none"),
    "seconds": seconds,
    "loglikelihoods": [[float(response[0][0]) for response in sample["resps"]] for sample in samples],
}))
