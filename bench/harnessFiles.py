"""Reads what `sparsescope evaluate --task … --out DIR` wrote as lm-evaluation-harness reads its own files.

    pip install lm-eval datasets && python bench/harnessFiles.py DIR        (run with lm-eval 0.4.13)
"""
import json, os, sys
from datasets import load_dataset
from lm_eval.utils import (get_file_datetime, get_file_task_name, get_latest_filename, get_results_filenames,
                           get_sample_results_filenames, make_table)

folder = sys.argv[1]
names = [f'{folder}/{name}' for name in os.listdir(folder)]
latest = get_latest_filename(get_results_filenames(names))
with open(latest) as file:
    results = json.load(file)
print(make_table(results))
for name in get_sample_results_filenames(names):
    task = get_file_task_name(os.path.basename(name))
    # As scripts/zeno_visualize.py and the Hub's viewer load them.
    rows = load_dataset('json', data_files=name, split='train')
    mean = sum(rows['acc']) / len(rows)
    assert abs(mean - results['results'][task]['acc,none']) < 1e-9, (task, mean)
    assert get_file_datetime(name) == get_file_datetime(latest).removesuffix('.json')
    print(f'{task}: {len(rows)} rows, acc {mean:.4f}, columns {", ".join(rows.column_names)}')
