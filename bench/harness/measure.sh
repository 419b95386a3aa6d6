#!/bin/sh
# measure.sh CHECKOUT RUNS: runs the harness's driver on both models, with the processor's best kernel and without AVX-512, on all
# sizes, and copies its JSON to `results`. The Python on the path must have the harness's packages.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
checkout=${1:?give a checkout of the harness}
runs=${2:?say how often each size is run}
for model in digits digits-hybrid; do
    "$here/install.sh" "$checkout" "$here/../../models/$model"
    for kernel in best avx2; do
        for size in 0 1 2 3; do
            # Without a kernel's name the program takes the best.
            (
                cd "$checkout"
                [ "$kernel" = best ] || export VEILCAST_KERNEL="$kernel"
                python3 harness/run_submission.py "$size" --seed 3 --num_runs "$runs"
            )
        done
        rm -rf "$here/results/$model/$kernel"
        mkdir -p "$here/results/$model"
        cp -r "$checkout/measurements" "$here/results/$model/$kernel"
    done
done
