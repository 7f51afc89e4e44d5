"""What a job may use of the processor, or the GPU, that it runs on."""

import ctypes
import os
import sys

import torch

from processes import process_count

# Of glibc's `malloc.h`.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4


def use_whole_processor() -> None:
    """Compute on every core: `accelerate launch` leaves a process on a CPU one thread unless it is told otherwise."""
    alone = process_count() == 1
    if alone and "ACCELERATE_MIXED_PRECISION" in os.environ and torch.get_num_threads() == 1:
        torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def keep_freed_memory() -> None:
    """Let glibc keep what a step frees for the next one.

    A recurrent network takes and frees the same megabytes at every step. glibc gives them back to the kernel, which
    clears every page before it hands it out again.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_TOP_PAD, 2**26)):
            mallopt(parameter, value)


def has_bf16(cpu: bool) -> bool:
    """Whether the processor multiplies bfloat16 itself; without it, autocast is slower than float32."""
    if cpu:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.cuda.is_bf16_supported(including_emulation=False)
