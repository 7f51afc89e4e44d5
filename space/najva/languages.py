"""The languages Whisper writes, their names, and the reading of whatever a person types for one.

Codes are Whisper's own, in the order of its language tokens (openai/whisper, ``whisper/tokenizer.py``): two letters of
ISO 639-1 where there are two, ``haw`` otherwise, and ``jw`` for Javanese, which ISO writes ``jv``. Own names follow the
Unicode CLDR, with a menu's capital letter and a few in their fuller form.

The models tiny to large-v2, and so Whisper base, know the 99 languages of :data:`LANGUAGES`. Cantonese came as the
100th with large-v3 and shares no token with them: :data:`LARGE_V3_LANGUAGES` are all hundred.
"""

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

AUTO = "auto"


class UnknownLanguage(ValueError):
    """The text names no language that the model knows; the message is one sentence for the person who typed it."""


@dataclass(frozen=True)
class Language:
    """One language of Whisper.

    Attributes:
        code: Whisper's code, such as ``fa``.
        english_name: Name in English.
        own_name: Name in the language itself and its script.
        right_to_left: Whether that script runs from right to left.
    """

    code: str
    english_name: str
    own_name: str
    right_to_left: bool


_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ps", "sd", "ur", "yi"})

_NAMES = (
    ("en", "English", "English"),
    ("zh", "Chinese", "中文"),
    ("de", "German", "Deutsch"),
    ("es", "Spanish", "Español"),
    ("ru", "Russian", "Русский"),
    ("ko", "Korean", "한국어"),
    ("fr", "French", "Français"),
    ("ja", "Japanese", "日本語"),
    ("pt", "Portuguese", "Português"),
    ("tr", "Turkish", "Türkçe"),
    ("pl", "Polish", "Polski"),
    ("ca", "Catalan", "Català"),
    ("nl", "Dutch", "Nederlands"),
    ("ar", "Arabic", "العربية"),
    ("sv", "Swedish", "Svenska"),
    ("it", "Italian", "Italiano"),
    ("id", "Indonesian", "Bahasa Indonesia"),
    ("hi", "Hindi", "हिन्दी"),
    ("fi", "Finnish", "Suomi"),
    ("vi", "Vietnamese", "Tiếng Việt"),
    ("he", "Hebrew", "עברית"),
    ("uk", "Ukrainian", "Українська"),
    ("el", "Greek", "Ελληνικά"),
    ("ms", "Malay", "Bahasa Melayu"),
    ("cs", "Czech", "Čeština"),
    ("ro", "Romanian", "Română"),
    ("da", "Danish", "Dansk"),
    ("hu", "Hungarian", "Magyar"),
    ("ta", "Tamil", "தமிழ்"),
    ("no", "Norwegian", "Norsk"),
    ("th", "Thai", "ไทย"),
    ("ur", "Urdu", "اردو"),
    ("hr", "Croatian", "Hrvatski"),
    ("bg", "Bulgarian", "Български"),
    ("lt", "Lithuanian", "Lietuvių"),
    ("la", "Latin", "Latina"),
    ("mi", "Māori", "Māori"),
    ("ml", "Malayalam", "മലയാളം"),
    ("cy", "Welsh", "Cymraeg"),
    ("sk", "Slovak", "Slovenčina"),
    ("te", "Telugu", "తెలుగు"),
    ("fa", "Persian", "فارسی"),
    ("lv", "Latvian", "Latviešu"),
    ("bn", "Bengali", "বাংলা"),
    ("sr", "Serbian", "Српски"),
    ("az", "Azerbaijani", "Azərbaycan"),
    ("sl", "Slovenian", "Slovenščina"),
    ("kn", "Kannada", "ಕನ್ನಡ"),
    ("et", "Estonian", "Eesti"),
    ("mk", "Macedonian", "Македонски"),
    ("br", "Breton", "Brezhoneg"),
    ("eu", "Basque", "Euskara"),
    ("is", "Icelandic", "Íslenska"),
    ("hy", "Armenian", "Հայերեն"),
    ("ne", "Nepali", "नेपाली"),
    ("mn", "Mongolian", "Монгол"),
    ("bs", "Bosnian", "Bosanski"),
    ("kk", "Kazakh", "Қазақ тілі"),
    ("sq", "Albanian", "Shqip"),
    ("sw", "Swahili", "Kiswahili"),
    ("gl", "Galician", "Galego"),
    ("mr", "Marathi", "मराठी"),
    ("pa", "Punjabi", "ਪੰਜਾਬੀ"),
    ("si", "Sinhala", "සිංහල"),
    ("km", "Khmer", "ខ្មែរ"),
    ("sn", "Shona", "chiShona"),
    ("yo", "Yoruba", "Èdè Yorùbá"),
    ("so", "Somali", "Soomaali"),
    ("af", "Afrikaans", "Afrikaans"),
    ("oc", "Occitan", "Occitan"),
    ("ka", "Georgian", "ქართული"),
    ("be", "Belarusian", "Беларуская"),
    ("tg", "Tajik", "Тоҷикӣ"),
    ("sd", "Sindhi", "سنڌي"),
    ("gu", "Gujarati", "ગુજરાતી"),
    ("am", "Amharic", "አማርኛ"),
    ("yi", "Yiddish", "ייִדיש"),
    ("lo", "Lao", "ລາວ"),
    ("uz", "Uzbek", "O‘zbek"),
    ("fo", "Faroese", "Føroyskt"),
    ("ht", "Haitian Creole", "Kreyòl ayisyen"),
    ("ps", "Pashto", "پښتو"),
    ("tk", "Turkmen", "Türkmen dili"),
    ("nn", "Norwegian Nynorsk", "Norsk nynorsk"),
    ("mt", "Maltese", "Malti"),
    ("sa", "Sanskrit", "संस्कृतम्"),
    ("lb", "Luxembourgish", "Lëtzebuergesch"),
    ("my", "Burmese", "မြန်မာ"),
    ("bo", "Tibetan", "བོད་སྐད་"),
    ("tl", "Tagalog", "Tagalog"),
    ("mg", "Malagasy", "Malagasy"),
    ("as", "Assamese", "অসমীয়া"),
    ("tt", "Tatar", "Татар"),
    ("haw", "Hawaiian", "ʻŌlelo Hawaiʻi"),
    ("ln", "Lingala", "Lingála"),
    ("ha", "Hausa", "Hausa"),
    ("ba", "Bashkir", "Башҡорт теле"),
    ("jw", "Javanese", "Basa Jawa"),
    ("su", "Sundanese", "Basa Sunda"),
)

LANGUAGES: dict[str, Language] = {
    code: Language(code, english_name, own_name, code in _RIGHT_TO_LEFT) for code, english_name, own_name in _NAMES
}
LARGE_V3_LANGUAGES: dict[str, Language] = LANGUAGES | {"yue": Language("yue", "Cantonese", "粵語", False)}

# The first group is Whisper's own TO_LANGUAGE_CODE.
_ALIASES = {
    "Valencian": "ca",
    "Flemish": "nl",
    "Haitian": "ht",
    "Letzeburgesch": "lb",
    "Pushto": "ps",
    "Panjabi": "pa",
    "Moldavian": "ro",
    "Moldovan": "ro",
    "Sinhalese": "si",
    "Castilian": "es",
    "Mandarin": "zh",
    "Myanmar": "my",
    "Nynorsk": "nn",
    "Farsi": "fa",
    "Dari": "fa",
    "دری": "fa",
    "فارسي": "fa",
    "پارسی": "fa",
    "Bangla": "bn",
    "Bokmål": "no",
    "Filipino": "tl",
    "Castellano": "es",
    "हिंदी": "hi",
    "汉语": "zh",
    "漢語": "zh",
    "普通话": "zh",
    "國語": "zh",
    "粤语": "yue",
    "廣東話": "yue",
    "广东话": "yue",
}
_CODE_ALIASES = {"jv": "jw", "nb": "no", "iw": "he", "fil": "tl", "cmn": "zh", "fas": "fa", "pes": "fa", "prs": "fa"}

# Language, then script, then region of BCP 47, with the underscore of POSIX allowed.
_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z]{4})?(?:[-_](?:[a-z]{2}|[0-9]{3}))?")


def parse_language(text: str, languages: Mapping[str, Language] = LANGUAGES) -> str:
    """Finds the language that a person or a program means.

    Accepted are ``auto``; a code (``fa``) or a BCP 47 tag of language, script and region (``fa-IR``, ``zh-Hans-CN``,
    ``en_US``), of which only the language is used; a name in English or in the language itself; and the other names
    Whisper or common usage has (*Farsi*, *Mandarin*, *Castilian*). Case, spaces and Latin accents do not matter.

    Args:
        text: What was typed.
        languages: What the model at work knows, by code; :data:`LARGE_V3_LANGUAGES` for large-v3.

    Returns:
        A key of ``languages``, or ``auto``.

    Raises:
        UnknownLanguage: If nothing matches.
    """
    word = text.strip()
    if _key(word) == AUTO:
        return AUTO
    known = _names_of(languages)
    tag = _TAG.fullmatch(word.casefold())
    code = known.get(_key(word)) or (tag and known.get(tag[1]))
    if code:
        return code
    raise UnknownLanguage(_complaint(word, known, languages))


def _names_of(languages: Mapping[str, Language]) -> dict[str, str]:
    """Maps every accepted name, in the form of :func:`_key`, to its code."""
    aliases = {_key(name): code for name, code in (_ALIASES | _CODE_ALIASES).items() if code in languages}
    own_names = {_key(language.own_name): code for code, language in languages.items()}
    english_names = {_key(language.english_name): code for code, language in languages.items()}
    return aliases | own_names | english_names | {code: code for code in languages}


def _key(name: str) -> str:
    """Folds case, and drops spaces, apostrophes and the accents of European scripts (U+0300-036F)."""
    # Marks of other scripts stay: in Devanagari or Thai they are the vowels that tell two names apart.
    letters = unicodedata.normalize("NFKD", name.casefold())
    return re.sub("[\\s'\u2018\u2019\u02bb\u0300-\u036f]", "", letters)


def _complaint(word: str, known: Mapping[str, str], languages: Mapping[str, Language]) -> str:
    shown = word if len(word) <= 40 else word[:39] + "…"
    accepted = 'give "auto", a code such as "fa", or a name such as "Persian" or "فارسی"'
    if _names_of(LARGE_V3_LANGUAGES).get(_key(word)) == "yue":
        return f'"{shown}" is known only to Whisper large-v3, and another model is at work; {accepted}.'
    # At difflib's default of 0.6 the answer to "Kurdish" would be Turkish.
    nearest = difflib.get_close_matches(_key(shown), known, n=1, cutoff=0.75)
    hint = f' (did you mean {languages[known[nearest[0]]].english_name}, "{known[nearest[0]]}"?)' if nearest else ""
    return f'"{shown}" is no language this model knows{hint}; {accepted}.'
