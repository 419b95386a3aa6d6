#!/bin/sh
# measure.sh CHECKOUT RUNS: runs the harness's driver on both models, with the processor's best kernel and without AVX-512, on all
# sizes, and then the stages alone for their CPU time, and puts the harness's JSON and that of `cpu.py` into `results`. The Python
# on the path must have the harness's packages, and VEILCAST is the program as in install.sh.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
checkout=$(cd "${1:?give a checkout of the harness}" && pwd)
runs=${2:?say how often each size is run}
for model in digits digits-hybrid; do
    "$here/install.sh" "$checkout" "$here/../../models/$model"
    # Without a kernel's name the program takes the best.
    for kernel in best avx2; do
        if [ "$kernel" = best ]; then unset VEILCAST_KERNEL; else export VEILCAST_KERNEL="$kernel"; fi
        number=0
        for size in single small medium large; do
            results=$here/results/$model/$kernel/$size
            rm -rf "$results"
            mkdir -p "$results"
            (cd "$checkout" && python3 harness/run_submission.py "$number" --seed 3 --num_runs "$runs")
            cp "$checkout/measurements/$size"/results-*.json "$results/"
            python3 "$here/cpu.py" "$checkout" "$number" "$runs" "$results/cpu.json"
            number=$((number + 1))
        done
    done
done
