"""What each family of translation models calls the languages of Whisper.

M2M100 and NLLB take a code that is a piece of their vocabulary; LMT is asked in English and wants a name. Their makers
chose the spelling, and of another one only M2M100's tokenizer complains: NLLB's reads it as an unknown piece, and LMT
takes any words. A language that a family was not trained on has no code, and none is borrowed from a relative.
"""

from __future__ import annotations

from najva.languages import LARGE_V3_LANGUAGES

# Whisper's codes but for Javanese.
_NOT_IN_M2M100 = {"as", "bo", "eu", "fo", "haw", "la", "mi", "mt", "nn", "sa", "sn", "te", "tg", "tk", "tt", "yue"}
_M2M100_CODES = {code: code for code in LARGE_V3_LANGUAGES if code not in _NOT_IN_M2M100} | {"jw": "jv"}

# Codes of FLORES-200: ISO 639-3 and the script. Where ISO 639-1 names a group of languages, the standard one is
# taken, or the only one there is: pes (Iran's Persian), arb, azj, khk, zsm, npi, nob, pbt, als, swh, plt, lvs, ydd and
# uzn.
_NLLB_CODES = {
    "af": "afr_Latn", "am": "amh_Ethi", "ar": "arb_Arab", "as": "asm_Beng", "az": "azj_Latn", "ba": "bak_Cyrl",
    "be": "bel_Cyrl", "bg": "bul_Cyrl", "bn": "ben_Beng", "bo": "bod_Tibt", "bs": "bos_Latn", "ca": "cat_Latn",
    "cs": "ces_Latn", "cy": "cym_Latn", "da": "dan_Latn", "de": "deu_Latn", "el": "ell_Grek", "en": "eng_Latn",
    "es": "spa_Latn", "et": "est_Latn", "eu": "eus_Latn", "fa": "pes_Arab", "fi": "fin_Latn", "fo": "fao_Latn",
    "fr": "fra_Latn", "gl": "glg_Latn", "gu": "guj_Gujr", "ha": "hau_Latn", "he": "heb_Hebr", "hi": "hin_Deva",
    "hr": "hrv_Latn", "ht": "hat_Latn", "hu": "hun_Latn", "hy": "hye_Armn", "id": "ind_Latn", "is": "isl_Latn",
    "it": "ita_Latn", "ja": "jpn_Jpan", "jw": "jav_Latn", "ka": "kat_Geor", "kk": "kaz_Cyrl", "km": "khm_Khmr",
    "kn": "kan_Knda", "ko": "kor_Hang", "lb": "ltz_Latn", "ln": "lin_Latn", "lo": "lao_Laoo", "lt": "lit_Latn",
    "lv": "lvs_Latn", "mg": "plt_Latn", "mi": "mri_Latn", "mk": "mkd_Cyrl", "ml": "mal_Mlym", "mn": "khk_Cyrl",
    "mr": "mar_Deva", "ms": "zsm_Latn", "mt": "mlt_Latn", "my": "mya_Mymr", "ne": "npi_Deva", "nl": "nld_Latn",
    "nn": "nno_Latn", "no": "nob_Latn", "oc": "oci_Latn", "pa": "pan_Guru", "pl": "pol_Latn", "ps": "pbt_Arab",
    "pt": "por_Latn", "ro": "ron_Latn", "ru": "rus_Cyrl", "sa": "san_Deva", "sd": "snd_Arab", "si": "sin_Sinh",
    "sk": "slk_Latn", "sl": "slv_Latn", "sn": "sna_Latn", "so": "som_Latn", "sq": "als_Latn", "sr": "srp_Cyrl",
    "su": "sun_Latn", "sv": "swe_Latn", "sw": "swh_Latn", "ta": "tam_Taml", "te": "tel_Telu", "tg": "tgk_Cyrl",
    "th": "tha_Thai", "tk": "tuk_Latn", "tl": "tgl_Latn", "tr": "tur_Latn", "tt": "tat_Cyrl", "uk": "ukr_Cyrl",
    "ur": "urd_Arab", "uz": "uzn_Latn", "vi": "vie_Latn", "yi": "ydd_Hebr", "yo": "yor_Latn", "yue": "yue_Hant",
    "zh": "zho_Hans",
}  # fmt: skip

# LMT's tiers, by how much it was trained on. Three of its 60 are none of Whisper's: Kyrgyz, Uyghur and the Mongolian of
# Inner Mongolia, whose script is another than that of Whisper's `mn`.
_LMT_HIGH = "ar en es de fr it ja nl pl pt ru tr zh"
_LMT_MEDIUM = "bg bn cs da el fa fi hi hu id ko no ro sk sv th uk vi"
_LMT_LOW = "am az bo he hr hy is jw ka kk km lo mr ms my ne ps si sw ta te tg tl ur uz yue"
# As NiuTrans/LMT's src/inference.py wrote them at the models' release; the others are called as in
# `LARGE_V3_LANGUAGES`.
_LMT_OWN_NAMES = {"el": "Modern Greek", "he": "Modern Hebrew", "km": "Central Khmer", "yue": "Yue Chinese"}
_LMT_NAMES = {
    code: _LMT_OWN_NAMES.get(code, LARGE_V3_LANGUAGES[code].english_name)
    for code in f"{_LMT_HIGH} {_LMT_MEDIUM} {_LMT_LOW}".split()
}

# The standard language of a group stands for the group too.
_BY_THREE_LETTERS = {name.partition("_")[0]: code for code, name in _NLLB_CODES.items()} | {
    "ara": "ar", "cmn": "zh", "est": "et", "fas": "fa", "lav": "lv", "msa": "ms", "nor": "no", "sqi": "sq", "swa": "sw",
}  # fmt: skip

M2M100_LANGUAGES = frozenset(_M2M100_CODES)
NLLB_LANGUAGES = frozenset(_NLLB_CODES)
LMT_LANGUAGES = frozenset(_LMT_NAMES)
# What this project's own translators read.
OWN_LANGUAGES = frozenset({"en", "fa"})


def m2m100_code(language: str) -> str | None:
    """Return M2M100's code of a language, such as `fa`; None where it knows none.

    Args:
        language: code of Whisper.
    """
    return _M2M100_CODES.get(language)


def nllb_code(language: str) -> str | None:
    """Return NLLB's code of a language, such as `pes_Arab`; None where it knows none.

    Args:
        language: code of Whisper; `zh` is Simplified Chinese.
    """
    return _NLLB_CODES.get(language)


def whisper_code(code: str) -> str | None:
    """Return Whisper's code of a language; None where it knows none.

    Args:
        code: of ISO 639, two letters or three, as OPUS-MT's tokenizers state it.
    """
    return code if code in LARGE_V3_LANGUAGES else _BY_THREE_LETTERS.get(code)


def lmt_name(language: str) -> str | None:
    """Return the name by which LMT's prompt calls a language, such as `Persian`; None where it knows none.

    Args:
        language: code of Whisper.
    """
    return _LMT_NAMES.get(language)
