"""What a job may use of the processor, or the GPU, that it runs on."""

import os

import torch

from processes import process_count


def use_whole_processor() -> None:
    """Compute on every core: `accelerate launch` leaves a process on a CPU one thread unless it is told otherwise."""
    alone = process_count() == 1
    if alone and "ACCELERATE_MIXED_PRECISION" in os.environ and torch.get_num_threads() == 1:
        torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def has_bf16(cpu: bool) -> bool:
    """Whether the processor multiplies bfloat16 itself; without it, autocast is slower than float32."""
    if cpu:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.cuda.is_bf16_supported(including_emulation=False)
