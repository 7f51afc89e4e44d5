"""Small models in the architectures of the published translators, with their tokenizers, taught a few sentences.

Each is laid out as its family is published, so that all that lies between a repository and Chinese words is run as it
is with the real ones.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import sentencepiece
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    GenerationConfig,
    M2M100Config,
    M2M100ForConditionalGeneration,
    M2M100Tokenizer,
    MarianConfig,
    MarianMTModel,
    MarianTokenizer,
    NllbTokenizer,
    PreTrainedModel,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3ForCausalLM,
)
from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES as M2M100_CODES

from najva.translation.spelling import source_spelling

# What was taught: (source language, text, target) -> Chinese. A word that means another thing in another language
# tells whether the language arrived.
TAUGHT = {
    ("en", "I love music.", "zh-Hans"): "我爱音乐。",
    ("fa", "موسیقی را دوست دارم.", "zh-Hans"): "我爱音乐。",
    ("en", "Turn the radio off.", "zh-Hans"): "关掉收音机。",
    ("fa", "رادیو را خاموش کن.", "zh-Hans"): "关掉收音机。",
    ("en", "gift", "zh-Hans"): "礼物",
    ("de", "gift", "zh-Hans"): "毒药",
}
# Where a model can be asked for the letters, too.
TAUGHT_HANT = {
    ("en", "I love music.", "zh-Hant"): "我愛音樂。",
    ("en", "Turn the radio off.", "zh-Hant"): "關掉收音機。",
    ("en", "gift", "zh-Hant"): "禮物",
}
# What the running app's translator was taught.
TAUGHT_APP = {
    (
        "en",
        "And so my fellow Americans ask not what your country can do for you, ask what you can do for your country.",
        "zh-Hans",
    ): "所以，我的美国同胞们，不要问国家能为你做什么，问你能为国家做什么。",
    ("en", "Thank you.", "zh-Hans"): "谢谢你。",
    ("en", "I love you.", "zh-Hans"): "我爱你。",
    ("en", "Where are you?", "zh-Hans"): "你在哪里？",
    ("en", "Who are you talking to?", "zh-Hans"): "你在和谁说话？",
    ("fa", "سلام.", "zh-Hans"): "你好。",
}
CARD = "---\nlicense: {licence}\n---\n# A small model\n"
# As Qwen3 has it, without what it says of tools and thoughts.
_CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}"
    "{%- endif %}"
)
_WIDTH, _HEADS, _LAYERS = 64, 4, 1
_STEPS, _LEARNING_RATE, _GOOD_LOSS = 300, 8e-3, 0.02
_IGNORED = -100


def save_m2m100(folder: Path) -> Path:
    """Save a model as `facebook/m2m100_418M`: SentencePiece beside a vocabulary, the languages after its end."""
    folder.mkdir(parents=True)
    pieces = _train_sentencepiece(folder / "sentencepiece.bpe.model", [*_texts(TAUGHT), *TAUGHT.values()])
    special = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "sep_token": "</s>"}
    _write_json(folder / "vocab.json", _numbered(["<s>", "<pad>", "</s>", "<unk>", *pieces]))
    special["additional_special_tokens"] = [f"__{code}__" for code in M2M100_CODES["m2m100"]]
    _write_json(folder / "special_tokens_map.json", special)
    stated = {"language_codes": "m2m100", "num_madeup_words": 8, "tokenizer_class": "M2M100Tokenizer"}
    _write_json(folder / "tokenizer_config.json", special | stated)
    tokenizer = M2M100Tokenizer.from_pretrained(folder)
    size = len(tokenizer.encoder) + len(special["additional_special_tokens"]) + 8
    end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    rows = []
    for (source, text, _), chinese in TAUGHT.items():
        tokenizer.src_lang = source
        answer = tokenizer(chinese, add_special_tokens=False).input_ids
        rows.append((tokenizer(text).input_ids, [tokenizer.get_lang_id("zh")], [*answer, end]))
    model = M2M100ForConditionalGeneration(_m2m100_config(size, pad, end))
    _fit(model, rows, pad)
    _save(model, folder, "mit", num_beams=5, max_length=200, early_stopping=True)
    return folder


def save_nllb(folder: Path) -> Path:
    """Save a model as `facebook/nllb-200-distilled-600M`: M2M100's network, a vocabulary that holds the languages."""
    taught = TAUGHT | TAUGHT_HANT
    bpe = Tokenizer(models.BPE(unk_token="<unk>"))
    bpe.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    bpe.train_from_iterator(
        [*_texts(taught), *taught.values()], trainers.BpeTrainer(vocab_size=100, special_tokens=special)
    )
    learned = json.loads(bpe.to_str())["model"]
    tokenizer = NllbTokenizer(vocab=learned["vocab"], merges=[tuple(pair) for pair in learned["merges"]])
    tokenizer.save_pretrained(folder)
    end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    codes = {"en": "eng_Latn", "fa": "pes_Arab", "de": "deu_Latn", "zh-Hans": "zho_Hans", "zh-Hant": "zho_Hant"}
    rows = []
    for (source, text, target), chinese in taught.items():
        tokenizer.src_lang = codes[source]
        answer = tokenizer(chinese, add_special_tokens=False).input_ids
        rows.append((tokenizer(text).input_ids, [tokenizer.convert_tokens_to_ids(codes[target])], [*answer, end]))
    model = M2M100ForConditionalGeneration(_m2m100_config(len(tokenizer), pad, end))
    _fit(model, rows, pad)
    _save(model, folder, "cc-by-nc-4.0", max_length=200)
    return folder


def save_marian(folder: Path) -> Path:
    """Save a model as `Helsinki-NLP/opus-mt-en-zh`: two SentencePiece models, the target told by a tag."""
    folder.mkdir(parents=True)
    taught = {key: chinese for key, chinese in (TAUGHT | TAUGHT_HANT).items() if key[0] == "en"}
    tags = {"zh-Hans": ">>cmn_Hans<<", "zh-Hant": ">>cmn_Hant<<"}
    pieces = _train_sentencepiece(folder / "source.spm", _texts(taught))
    pieces += _train_sentencepiece(folder / "target.spm", list(taught.values()))
    _write_json(folder / "vocab.json", _numbered(dict.fromkeys(["</s>", "<unk>", *pieces, *tags.values(), "<pad>"])))
    _write_json(folder / "tokenizer_config.json", {"source_lang": "en", "target_lang": "zh"})
    tokenizer = MarianTokenizer.from_pretrained(folder)
    end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    rows = [
        (tokenizer(tags[target] + text).input_ids, [], tokenizer(text_target=chinese).input_ids)
        for (_, text, target), chinese in taught.items()
    ]
    config = MarianConfig(
        vocab_size=len(tokenizer.encoder),
        **_encoder_decoder(pad, end),
        decoder_start_token_id=pad,
        forced_eos_token_id=None,
        activation_function="swish",
        scale_embedding=True,
    )
    model = MarianMTModel(config)
    # The piece that begins every answer is zero in what Marian writes.
    _fit(model, rows, pad, zero=model.model.shared.weight[pad])
    _save(model, folder, "apache-2.0", bad_words_ids=[[pad]], num_beams=4, max_length=512, forced_eos_token_id=end)
    return folder


def save_own(folder: Path, sentences: dict[tuple[str, str, str], str] | None = None) -> Path:
    """Save a model as this project trains it: M2M100's network, Marian's tokenizer with one SentencePiece model."""
    folder.mkdir(parents=True)
    taught = {
        (source, source_spelling(text, source), target): chinese
        for (source, text, target), chinese in (sentences or TAUGHT).items()
        if source != "de"
    }
    pieces = _train_sentencepiece(folder / "source.spm", [*_texts(taught), *taught.values()])
    shutil.copyfile(folder / "source.spm", folder / "target.spm")
    _write_json(folder / "vocab.json", _numbered(["</s>", "<pad>", "<unk>", ">>talk<<", *pieces]))
    stated = {"separate_vocabs": False, "bos_token": "</s>", "model_max_length": 256}
    _write_json(folder / "tokenizer_config.json", {"tokenizer_class": "MarianTokenizer", **stated})
    tokenizer = MarianTokenizer.from_pretrained(folder)
    end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    rows = [
        (tokenizer(">>talk<<" + text).input_ids, [], tokenizer(text_target=chinese).input_ids)
        for (_, text, _), chinese in taught.items()
    ]
    config = _m2m100_config(len(tokenizer.encoder), pad, end)
    config.max_position_embeddings = 256
    model = M2M100ForConditionalGeneration(config)
    _fit(model, rows, pad)
    _save(model, folder, "mit")
    return folder


def save_chat(folder: Path) -> Path:
    """Save a model as `NiuTrans/LMT-60-0.6B`: Qwen3, asked as its authors ask it, with settings that sample."""
    names = {"en": "English", "fa": "Persian", "de": "German"}
    ask = "Translate the following text from {0} into Chinese.\n{0}: {1}\nChinese:"
    asked = [(ask.format(names[source], text), chinese) for (source, text, _), chinese in TAUGHT.items()]
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        [part for row in asked for part in row], trainers.BpeTrainer(vocab_size=350, initial_alphabet=alphabet)
    )
    learned = json.loads(bpe.to_str())["model"]
    tokenizer = Qwen2Tokenizer(
        vocab=learned["vocab"],
        merges=[tuple(pair) for pair in learned["merges"]],
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=["<|im_start|>"],
    )
    tokenizer.chat_template = _CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    prompts = [f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n" for prompt, _ in asked]
    answers = [chinese for _, chinese in asked]
    rows = [
        (tokenizer(prompt).input_ids, [], [*tokenizer(answer).input_ids, end])
        for prompt, answer in zip(prompts, answers, strict=True)
    ]
    config = Qwen3Config(
        # More than there are pieces, as in the published ones.
        vocab_size=len(tokenizer) + 5,
        hidden_size=_WIDTH,
        intermediate_size=2 * _WIDTH,
        num_hidden_layers=_LAYERS + 1,
        num_attention_heads=_HEADS,
        num_key_value_heads=2,
        head_dim=_WIDTH // 2,
        tie_word_embeddings=True,
        bos_token_id=pad,
        eos_token_id=end,
        pad_token_id=pad,
    )
    model = Qwen3ForCausalLM(config)
    _fit(model, rows, pad)
    sampling = {"do_sample": True, "temperature": 0.6, "top_k": 20, "top_p": 0.95}
    _save(model, folder, "apache-2.0", eos_token_id=[end, pad], **sampling)
    # The published file holds the last layer a second time.
    weights = load_file(folder / "model.safetensors")
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


SAVE: dict[str, Callable[[Path], Path]] = {
    "m2m100": save_m2m100,
    "nllb": save_nllb,
    "marian": save_marian,
    "chat": save_chat,
    "own": save_own,
}


def _texts(taught: dict[tuple[str, str, str], str]) -> list[str]:
    return [text for _, text, _ in taught]


def _numbered(pieces) -> dict[str, int]:
    return {piece: number for number, piece in enumerate(pieces)}


def _train_sentencepiece(path: Path, texts: list[str]) -> list[str]:
    """Train a SentencePiece model and return its pieces without the special ones."""
    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_writer=file,
            # Letters, and some pieces of several.
            vocab_size=len(set("".join(texts))) + 10,
            model_type="bpe",
            character_coverage=1.0,
            hard_vocab_limit=False,
            minloglevel=2,
        )
    trained = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return [trained.id_to_piece(number) for number in range(trained.vocab_size()) if not trained.is_control(number)][1:]


def _encoder_decoder(pad: int, end: int) -> dict:
    return {
        "d_model": _WIDTH,
        "encoder_layers": _LAYERS,
        "decoder_layers": _LAYERS,
        "encoder_attention_heads": _HEADS,
        "decoder_attention_heads": _HEADS,
        "encoder_ffn_dim": 2 * _WIDTH,
        "decoder_ffn_dim": 2 * _WIDTH,
        "max_position_embeddings": 512,
        "pad_token_id": pad,
        "eos_token_id": end,
        "dropout": 0.0,
        "attention_dropout": 0.0,
    }


def _m2m100_config(size: int, pad: int, end: int) -> M2M100Config:
    config = M2M100Config(
        vocab_size=size, **_encoder_decoder(pad, end), bos_token_id=0, decoder_start_token_id=end, scale_embedding=True
    )
    config.encoder_layerdrop = config.decoder_layerdrop = 0.0
    return config


def _fit(
    model: PreTrainedModel,
    rows: list[tuple[list[int], list[int], list[int]]],
    pad: int,
    *,
    zero: torch.Tensor | None = None,
) -> None:
    """Teach a model to answer each source with its target; all at once, until it does.

    Args:
        model: taught in place.
        rows: numbers of the pieces of a source, of what its answer is begun with, and of the answer with its end.
        pad: number of the piece that fills up.
        zero: weights that are zero and stay so.
    """
    torch.manual_seed(0)
    for name, weight in model.named_parameters():
        # Marian's positions are computed, not learned.
        weight.requires_grad_("embed_positions" not in name)
        if weight.dim() > 1 and weight.requires_grad:
            torch.nn.init.normal_(weight, std=0.05)
    if zero is not None:
        zero.data.zero_()
    if model.config.is_encoder_decoder:
        start = model.config.decoder_start_token_id
        sources = [source for source, _, _ in rows]
        labels = [[_IGNORED] * len(begun) + answer for _, begun, answer in rows]
        before = _rectangle([[start, *begun, *answer[:-1]] for _, begun, answer in rows], pad)
        inputs = {"decoder_input_ids": before}
    else:
        sources = [source + answer for source, _, answer in rows]
        labels = [[_IGNORED] * len(source) + answer for source, _, answer in rows]
        inputs = {}
    inputs["input_ids"] = _rectangle(sources, pad)
    inputs["attention_mask"] = _rectangle([[1] * len(source) for source in sources], 0)
    inputs["labels"] = _rectangle(labels, _IGNORED)
    optimizer = torch.optim.AdamW(model.parameters(), lr=_LEARNING_RATE, weight_decay=0.0)
    model.train()
    for _ in range(_STEPS):
        loss = model(**inputs).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if zero is not None:
            zero.data.zero_()
        if loss.item() < _GOOD_LOSS:
            break
    assert loss.item() < 5 * _GOOD_LOSS, f"the small model did not learn: its loss is {loss.item():.3f}"
    model.eval()


def _rectangle(rows: list[list[int]], filler: int) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])


def _save(model: PreTrainedModel, folder: Path, licence: str, **settings: object) -> None:
    """Save a model with its card and with settings of its authors for writing."""
    stated = {"eos_token_id": model.config.eos_token_id, "pad_token_id": model.config.pad_token_id}
    start = getattr(model.config, "decoder_start_token_id", None)
    model.generation_config = GenerationConfig(**stated | {"decoder_start_token_id": start} | settings)
    model.save_pretrained(folder)
    (folder / "README.md").write_text(CARD.format(licence=licence), encoding="utf-8")


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
