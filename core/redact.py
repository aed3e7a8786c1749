"""Secrets are masked for good at intake; names of machines and people are hidden from models.

`redact` is irreversible: what it masks is in no store, article, chat or model's request.
`Placeholders` is reversible: a model sees `<HOST_1>`, a signed-in reader sees the host.

All patterns for secrets are RE2 (linear time whatever the text) on bytes taken as Latin-1, so
that negated classes step over any UTF-8 and no offsets are translated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import re2

MASK = "***"
_MASK = MASK.encode()
_Replace = Callable[[Any], bytes]


def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(pattern.encode(), options)


# Words that say "a secret stands after me". A key may have anything before the word
# (`DB_PASSWORD`, `accessToken`), nothing after it (`max_tokens`, `password_policy` are no keys).
_WORDS = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret|token|credential|api[_-]?key|app[_-]?key"
    r"|(?:access|secret|private|auth|encrypt(?:ion)?|sign(?:ing)?|account|shared|master)"
    r"[_-]?key(?:[_-]?(?:id|secret))?|client[_-]?secret|session[_-]?(?:id|key)"
    r"|(?:js|phps|asp\.net_s)ession_?id|phpsessid|sessdata|connect\.sid)"
)
_CHINESE = "(?:密码|口令|密钥|令牌|凭证|私钥)"
_BARE = r"[^\s\"'`,;&<>(){}\[\]|\\][^\s\"'`,;&<>)}\]|\\]*"  # a value without quotes

# What may stand after `token:` in ordinary prose and is no secret.
_PROSE = frozenset(
    b"absent accepted authentication bad blank changed correct denied does doesn't empty error "
    b"expired fail failed false field file for from has hidden incorrect invalid is issued "
    b"len length malformed missing must needed never nil no none not null ok optional or passed "
    b"placeholder please prompt provided received redacted refresh refreshed rejected removed "
    b"required reset revoked rotated set should string success successful too true type "
    b"unauthorized undefined unexpected unknown unset updated used user valid verified was will "
    b"with wrong yes".split()
)
_LITERALS = frozenset(b"null none nil true false undefined yes no on off empty".split())
_REFERENCE = _compile(r"^(?:\$(?:$|[({]|[A-Z_]{2,}$)|%[sdv]$|\{\{|<[A-Za-z_])")


def _has_digit(value: bytes) -> bool:
    return any(48 <= byte <= 57 for byte in value)


def _looks_secret(value: bytes) -> bool:
    """Whether a bare word is random rather than a word of a sentence."""
    return len(value) >= 24 or (len(value) >= 6 and _has_digit(value))


def _keep(key: bytes, joiner: bytes, value: bytes) -> bool:
    """Whether `key joiner value` is prose, a reference, a count or a path, and no secret."""
    key, lowered = key.lower(), value.lower()
    if value == _MASK or lowered in _LITERALS or _REFERENCE.search(value):
        return True
    if key.endswith(b"pwd") and value.startswith((b"/", b"~")):
        return True  # the working directory
    guarded = b'"' in joiner or b"'" in joiner
    is_password = b"pass" in key or key.endswith(b"pwd")
    if not is_password and value.isdigit() and len(value) < 16:
        return True  # a count or a row's number
    if b"session" in key and not _looks_secret(value):
        return True
    if b"=" in joiner or guarded:
        return False
    if lowered.strip(b".:!?") in _PROSE:
        return True
    return not is_password and not _looks_secret(value)


def _pair(match: Any) -> bytes:
    key, joiner, value = match.group(1), match.group(2), match.group(3)
    if _keep(key, joiner, value):
        whole: bytes = match.group(0)
        return whole
    return bytes(key + joiner + _MASK)


def _after(match: Any) -> bytes:
    """`\\1` and the mask."""
    return bytes(match.group(1) + _MASK)


def _between(match: Any) -> bytes:
    """`\\1`, the mask, `\\2`."""
    return bytes(match.group(1) + _MASK + match.group(2))


def _all(_match: Any) -> bytes:
    return _MASK


def _random_after(match: Any) -> bytes:
    """`\\1` and the mask when what follows looks random."""
    whole: bytes = match.group(0)
    return bytes(match.group(1) + _MASK) if _looks_secret(match.group(2)) else whole


def _not_number_after(match: Any) -> bytes:
    whole: bytes = match.group(0)
    return whole if match.group(2).isdigit() else bytes(match.group(1) + _MASK)


_STEPS: tuple[tuple[Any, _Replace], ...] = (
    # PEM: the body runs to the END line, or as far as base64 and headers go.
    (
        _compile(
            r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)"
            r"(?:[\sA-Za-z0-9+/=\\:,]|-[A-Za-z0-9])+"
        ),
        _after,
    ),
    # JSON Web Tokens, signed or not.
    (_compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*"), _all),
    # Tokens whose makers gave them a prefix.
    (
        _compile(
            r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
            r"|gl(?:pat|ptt|dt|rt|soat)-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{10,}"
            r"|A(?:KIA|SIA)[A-Z0-9]{16}\b|LTAI[A-Za-z0-9]{12,30}\b|AKID[A-Za-z0-9]{13,48}\b"
            r"|STS\.[A-Za-z0-9]{16,}|AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{16,}"
            r"|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,}|hf_[A-Za-z0-9]{30,}"
            r"|[rsp]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,}"
            r"|SEC[0-9a-f]{60,}|hvs\.[A-Za-z0-9_-]{20,}|dop_v1_[a-f0-9]{32,}"
            r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|[0-9]{8,10}:AA[A-Za-z0-9_-]{30,})"
        ),
        _all,
    ),
    (_compile(r"(\bsk-)([A-Za-z0-9_-]{16,})"), _random_after),
    # Addresses: user:password@, a token as the user, secrets in queries and hook paths.
    (_compile(r"(://[^\s/?#@:\"'<>]*:)[^\s/?#\"'<>]+(@)"), _between),
    (_compile(r"(://)[A-Za-z0-9_-]{20,}(@)"), _between),
    (
        _compile(
            r"(?i)([?&](?:access_?token|token|session|key|sign|sig|signature|secret|password|pwd"
            r"|auth|api_?key|ak|sk|ticket|x-amz-(?:signature|credential|security-token)"
            r"|ossaccesskeyid|security-token|q-signature|q-ak)=)[^\s&\"'<>#,;\\\]})]+"
        ),
        _after,
    ),
    (_compile(r"(/open-apis/bot/v2/hook/|hooks\.slack\.com/services/)[A-Za-z0-9_/-]+"), _after),
    # Headers.
    (
        _compile(
            r"(?i)(authorization[\"'\\]{0,3}\s*[:=]\s*[\"'\\]{0,3}(?:bearer|basic|digest|token"
            r"|negotiate|apikey|oss|aws|cos|hmac)\s+)[^\s\"'`,;<>(){}\[\]|\\]+"
        ),
        _after,
    ),
    (
        _compile(
            r"(?i)(authorization[\"'\\]{0,3}\s*[:=]\s*[\"'\\]{0,3})([^\s\"'`,;<>(){}\[\]|\\]+)"
        ),
        _random_after,
    ),
    (
        _compile(
            r"(?i)((?:credential|signature)=)[A-Za-z0-9/+_=.%-]{12,}"  # AWS4-HMAC-SHA256
        ),
        _after,
    ),
    (_compile(r"(?i)(\b(?:bearer|basic)\s+)([A-Za-z0-9._~+/=-]{6,})"), _random_after),
    (
        _compile(
            r"(?i)(\b(?:set-)?cookie[\"'\\]{0,3}\s*[:=]\s*[\"'\\]{0,3})"
            r"[^\s\"'=;,]{1,80}=[^\r\n\"']+"
        ),
        _after,
    ),
    # key=value, "key": "value", key: value. A quoted value runs to its closing quote.
    (_compile(rf"(?i)({_WORDS}\d?)(\\?[\"']?\s*(?:=>|:=|[:=])\s*\\?\")([^\"\\\r\n]+)"), _pair),
    (_compile(rf"(?i)({_WORDS}\d?)(\\?[\"']?\s*(?:=>|:=|[:=])\s*\\?')([^'\\\r\n]+)"), _pair),
    (_compile(rf"(?i)({_WORDS}\d?)(\\?[\"']?\s*(?:=>|:=|[:=])\s*)({_BARE})"), _pair),
    (_compile(rf"(?i)(<{_WORDS}\d?>)[^<>\r\n]+"), _after),
    (_compile(r"(?i)(\b(?:ak|sk)[\"']?\s*[:=]\s*[\"']?)([A-Za-z0-9+/=_-]{8,})"), _random_after),
    (_compile(rf"({_CHINESE}[\"']?\s*(?:是|为|：|[:=])\s*[\"']?)[!#-&*+./-9<-~-]{{4,}}"), _after),
    # Command lines and statements.
    (_compile(rf"(?i)(--[a-z-]*{_WORDS}\s+[\"']?)([^\s\"'-][^\s\"']*)"), _after),
    (_compile(r"(\s(?:-u|--user)[ =][\"']?[^\s:\"'/]+:)([^\s\"'/]+)"), _not_number_after),
    (
        _compile(
            r"(?i)(\bidentified\s+by\s+(?:password\s+)?['\"]|\brequirepass\s+|\bsshpass\s+-p\s*)"
            r"[^\s'\"]+"
        ),
        _after,
    ),
)

# One linear scan that almost every clean line stops at.
_SUSPECT = _compile(
    r"(?i:pass(?:w|phrase|code)|pwd|secret|token|credential|api[_-]?key|app[_-]?key"
    r"|(?:access|private|auth|encrypt(?:ion)?|sign(?:ing)?|account|shared|master)[_-]?key"
    r"|session|sessdata|phpsessid|connect\.sid|cookie|authorization|signature=|\bbearer\s|\bbasic\s"
    r"|\b[as]k[\"']?\s*[:=]|[?&](?:key|sign|sig|auth|ak|sk|ticket|ossaccesskeyid|q-ak)="
    r"|identified\s+by|requirepass|sshpass|PRIVATE KEY|/bot/v2/hook/|hooks\.slack\.com"
    r"|\s(?:-u|--user)[ =])"
    r"|://[^\s/]*@|\beyJ|\bgh[pousr]_|github_pat_|\bgl(?:pat|ptt|dt|rt|soat)-|\bxox[abeoprs]-"
    r"|\bA(?:KIA|SIA|KID)|\bLTAI|\bSTS\.|\bAIza|\bya29\.|\bnpm_|\bpypi-|\bhf_|\b[rsp]k_|whsec_"
    rf"|\bSEC[0-9a-f]{{8}}|\bhvs\.|\bdop_v1_|\bSG\.|\b[0-9]{{8,10}}:AA|\bsk-|{_CHINESE}"
)


def suspicious(raw: bytes) -> bool:
    """Whether `redact` might mask anything in this UTF-8, at about a microsecond a kilobyte.

    For many texts at once, joined by newlines. They must be decoded from their wire format
    first: escapes would hide words.
    """
    return _SUSPECT.search(raw) is not None


def redact(text: str) -> str:
    """`text` with every secret that is recognised masked as `***`, for good.

    Keys, tokens, bearer and other authorization headers, cookies, passwords in addresses and in
    key=value or JSON, JWTs, PEM private keys, cloud access keys, DingTalk's access_token and
    session. Linear in the text's length; a line without any hint costs about a microsecond.
    Idempotent. Ordinary prose (`invalid token: expired`) and counts (`max_tokens=4096`) stay.
    """
    raw = text.encode("utf-8", "surrogatepass")
    if not suspicious(raw):
        return text
    # A masked value may leave its neighbour newly recognisable; two rounds settle nearly all.
    for _round in range(4):
        before = raw
        for pattern, replace in _STEPS:
            if pattern.search(raw) is not None:
                raw = pattern.sub(replace, raw)
        if raw == before:
            break
    return raw.decode("utf-8", "surrogatepass")


_SENSITIVE_KEY = _compile(rf"(?i){_WORDS}\d?$")


def redact_labels(labels: dict[str, str]) -> dict[str, str]:
    """Labels or annotations with secrets masked; a value under a telling name is masked whole."""
    return {
        name: MASK
        if value and _SENSITIVE_KEY.search(name.encode("utf-8", "surrogatepass"))
        else redact(value)
        for name, value in labels.items()
    }


_ENDS = (
    "com|cn|net|org|io|dev|cloud|local|localdomain|internal|intra|intranet|lan|corp|svc|cluster|"
    "home|prod|test|host|top|info|biz|vip|xyz|tech|site|online|hk|tw|jp|sg|uk|de|us"
)
# One alternation, tried left to right. Each starts only at the start of a run, so that a long run
# is read once.
_IDENTITY = re.compile(
    r"(?P<TEXT><(?:TEXT|MAIL|IP|MOBILE|HOST)_\d{1,6}>)"
    r"|(?P<MAIL>(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b)"
    r"|(?P<IP>(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)"
    r"(?!\.?\w)|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}(?![\w:])"
    r"|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){1,6}(?::[0-9a-fA-F]{1,4}){1,6}(?![\w:]))"
    r"|(?P<MOBILE>(?<![\w.+-])(?:\+?86[ -]?)?1[3-9]\d{9}(?![\w]))"
    rf"|(?P<HOST>(?<![\w.-])(?:[A-Za-z0-9](?:[\w-]{{0,62}})\.){{1,8}}(?:{_ENDS})(?![\w-]|\.\w))",
    re.ASCII,
)
_FILL = re.compile(r"<(TEXT|MAIL|IP|MOBILE|HOST)_(\d{1,6})>")
_HOST_LABELS = ("host", "hostname", "instance", "node", "nodename", "server", "machine", "pod")


class Placeholders:
    """Hosts, addresses, mails and mobiles of one request, replaced and filled back.

    The same value is the same placeholder within one instance. `fill(hide(text)) == text` for
    every text: what already looks like a placeholder is itself replaced.
    """

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        """`hosts`: names to hide that no pattern knows (`db-01`, from labels)."""
        self._names: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        known = sorted({h for h in hosts if len(h) >= 3 and not h.isdigit()}, key=len, reverse=True)
        joined = "|".join(map(re.escape, known[:200]))
        self._known = re.compile(rf"(?<![\w.-])(?:{joined})(?![\w-]|\.\w)") if joined else None

    @staticmethod
    def hosts_of(*labels: dict[str, str]) -> list[str]:
        """The machines that labels name, without their ports."""
        found = (each.get(key, "") for each in labels for key in _HOST_LABELS)
        return [re.sub(r":\d{1,5}$", "", value) for value in found if value]

    def hide(self, text: str) -> str:
        """`text` with each identity as `<KIND_n>`."""
        hidden = _IDENTITY.sub(lambda m: self._name(m.lastgroup or "HOST", m[0]), text)
        if self._known is None:
            return hidden
        parts = _FILL.split(hidden)  # text, kind, number, text, … : names stay as they are
        for at in range(0, len(parts), 3):
            parts[at] = self._known.sub(lambda m: self._name("HOST", m[0]), parts[at])
        for at in range(1, len(parts), 3):
            parts[at : at + 2] = [f"<{parts[at]}_", f"{parts[at + 1]}>"]
        return "".join(parts)

    def fill(self, text: str) -> str:
        """`text` with the placeholders of this instance as they were; others stay."""
        return _FILL.sub(lambda m: self._values.get(m[0], m[0]), text)

    @property
    def count(self) -> int:
        """How many different values were replaced."""
        return len(self._values)

    def _name(self, kind: str, value: str) -> str:
        name = self._names.get((kind, value))
        if name is None:
            self._counts[kind] = number = self._counts.get(kind, 0) + 1
            name = self._names[kind, value] = f"<{kind}_{number}>"
            self._values[name] = value
        return name
