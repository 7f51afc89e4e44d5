"""The weights inside a CTranslate2 Whisper file, as transformers names them."""

import numpy as np

from najva.pretrained.errors import ModelError


class _Records:
    """A cursor over CTranslate2's little-endian binary format, version 6."""

    def __init__(self, content: bytes) -> None:
        self.content, self.position = content, 0

    def number(self, dtype: str) -> int:
        value = np.frombuffer(self.content, dtype, count=1, offset=self.position)[0]
        self.position += value.itemsize
        return int(value)

    def text(self) -> str:
        length = self.number("<u2")
        start, self.position = self.position, self.position + length
        return self.content[start : self.position].rstrip(b"\0").decode("ascii")

    def float16(self, shape: tuple[int, ...], size_bytes: int) -> np.ndarray:
        start, self.position = self.position, self.position + size_bytes
        return np.frombuffer(self.content, "<f2", count=size_bytes // 2, offset=start).reshape(shape)


def read_ctranslate2(content: bytes) -> dict[str, np.ndarray]:
    """Read the float16 variables of a CTranslate2 model file.

    Scalars of other types (the quantisation settings) carry no weights and are left out.

    Args:
        content: `model.bin` whole: u32 version, text spec name, u32 revision, u32 count, then for each variable its
            name, u8 rank, u32 dimensions, u8 type (4 is float16), u32 bytes and data; the aliases that follow are
            implied by the architecture.

    Returns:
        Variables by CTranslate2 name.
    """
    records = _Records(content)
    records.number("<u4"), records.text(), records.number("<u4")
    variables = {}
    for _ in range(records.number("<u4")):
        name = records.text()
        shape = tuple(records.number("<u4") for _ in range(records.number("<u1")))
        type_id, size_bytes = records.number("<u1"), records.number("<u4")
        if type_id == 4:
            variables[name] = records.float16(shape, size_bytes)
        else:
            records.position += size_bytes
    return variables


def hub_tensors(variables: dict[str, np.ndarray], layers: int) -> dict[str, np.ndarray]:
    """Rename and split CTranslate2's Whisper variables into the tensors of transformers.

    CTranslate2 fuses the projections of self-attention (query, key, value) and of cross-attention (key, value) by
    rows. Whisper's key projection has no bias: its slice of the fused bias is zero and is left out. `proj_out` is
    tied to the token embeddings and not stored.

    Args:
        variables: arrays by CTranslate2 name.
        layers: layers of the encoder and as many of the decoder.

    Returns:
        Contiguous arrays by the names of `WhisperForConditionalGeneration`.

    Raises:
        ModelError: a variable is left over or missing.
    """
    left = dict(variables)
    tensors: dict[str, np.ndarray] = {}

    def take(source: str, *targets: str) -> None:
        for kind, renamed in (("weight", "weight"), ("bias", "bias"), ("gamma", "weight"), ("beta", "bias")):
            fused = left.pop(f"{source}/{kind}", None)
            if fused is None:
                continue
            for target, rows in zip(targets, np.split(fused, len(targets)), strict=True):
                if not (target.endswith("k_proj") and kind == "bias"):
                    tensors[f"model.{target}.{renamed}"] = np.ascontiguousarray(rows)

    try:
        for stack in ("encoder", "decoder"):
            positions = left.pop(f"{stack}/position_encodings/encodings")
            tensors[f"model.{stack}.embed_positions.weight"] = positions
            take(f"{stack}/layer_norm", f"{stack}.layer_norm")
            for layer in range(layers):
                ours, theirs = f"{stack}/layer_{layer}", f"{stack}.layers.{layer}"
                attention = f"{theirs}.self_attn"
                take(f"{ours}/self_attention/linear_0", *(f"{attention}.{name}_proj" for name in "qkv"))
                take(f"{ours}/self_attention/linear_1", f"{attention}.out_proj")
                take(f"{ours}/self_attention/layer_norm", f"{theirs}.self_attn_layer_norm")
                take(f"{ours}/ffn/linear_0", f"{theirs}.fc1")
                take(f"{ours}/ffn/linear_1", f"{theirs}.fc2")
                take(f"{ours}/ffn/layer_norm", f"{theirs}.final_layer_norm")
                if stack == "decoder":
                    attention = f"{theirs}.encoder_attn"
                    take(f"{ours}/attention/linear_0", f"{attention}.q_proj")
                    take(f"{ours}/attention/linear_1", f"{attention}.k_proj", f"{attention}.v_proj")
                    take(f"{ours}/attention/linear_2", f"{attention}.out_proj")
                    take(f"{ours}/attention/layer_norm", f"{theirs}.encoder_attn_layer_norm")
        take("encoder/conv1", "encoder.conv1")
        take("encoder/conv2", "encoder.conv2")
        tensors["model.decoder.embed_tokens.weight"] = left.pop("decoder/embeddings/weight")
    except KeyError as missing:
        raise ModelError(f"The CTranslate2 Whisper lacks the tensor {missing}.") from missing
    if left:
        raise ModelError(f"The CTranslate2 Whisper has unknown tensors: {', '.join(sorted(left))}.")
    return tensors
