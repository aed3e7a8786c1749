"""Secrets are masked whatever form they come in; ordinary text is left as it is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.redact import MASK, Placeholders, redact, redact_labels

# Made up here; joined at run time so that no scanner takes this file for a leak.
GITHUB = "ghp_" + "a1B2" * 9
SLACK = "xoxb-" + "1234567890-abcdefABCDEF"
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "c2lnbmF0dXJl-_1"
PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEpAIB\nAAKC==\n"
    "-----END RSA PRIVATE KEY-----"
)
ALIYUN = "LTAI" + "5tAbCdEfGhIjKlMnOpQr"
AWS = "AKIA" + "IOSFODNN7EXAMPLE"
TENCENT = "AKID" + "z8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"
OPENAI = "sk-" + "proj-abcDEF0123456789abcd"
ROBOT = "SEC" + "0a" * 32

SECRETS = [
    ("password=hunter2", "hunter2"),
    ("DB_PASSWORD=correct-horse", "correct-horse"),
    ("db.passwd: Tr0ub4dor&3x", "Tr0ub4dor"),
    ('{"password": "sun shine", "user": "bob"}', "sun shine"),
    (r"payload {\"client_secret\": \"abc def\"}", "abc def"),
    ("{'apiKey': 'k9k9k9k9'}", "k9k9k9k9"),
    ("accessToken=abcdef0123456789", "abcdef0123456789"),
    ("token: 550e8400-e29b-41d4-a716-446655440000", "550e8400"),
    ("postgresql://app:s3cr3t@db.internal:5432/shop", "s3cr3t"),
    ("redis://:p@ss@cache:6379/0", "p@ss"),
    ("https://abcdefghij0123456789@git.example.com/x.git", "abcdefghij0123456789"),
    ("https://oapi.dingtalk.com/robot/send?access_token=9f8e7d6c5b4a", "9f8e7d6c5b4a"),
    ("POST /robot/sendBySession?session=deadbeefcafe HTTP/1.1", "deadbeefcafe"),
    ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx", "693a91f6"),
    ("https://open.feishu.cn/open-apis/bot/v2/hook/1b2c3d4e-aaaa", "1b2c3d4e"),
    ("https://hooks.slack.com/services/T000/B000/XXXXyyyyZZZZ", "XXXXyyyyZZZZ"),
    ("GET /?Expires=1&OSSAccessKeyId=abcd1234&Signature=vjby%2BPx", "vjby"),
    ("Authorization: Bearer abc.DEF-123456", "abc.DEF-123456"),
    ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ("-H 'Authorization: Token 0123456789abcdef'", "0123456789abcdef"),
    ("got bearer A1b2C3d4E5f6 from peer", "A1b2C3d4E5f6"),
    ("Cookie: sid=abc123; theme=dark", "abc123"),
    ("Set-Cookie: JSESSIONID=0F1E2D3C4B5A6978; Path=/", "0F1E2D3C4B5A6978"),
    (f"clone with {GITHUB} failed", GITHUB),
    (f"slack {SLACK}", SLACK),
    (f"jwt {JWT} expired", JWT),
    (f"key:\n{PEM}\nend", "MIIEpAIB"),
    (PEM.replace("\n", r"\n"), "MIIEpAIB"),
    (PEM.split("-----END")[0], "MIIEpAIB"),
    (f"ak {ALIYUN} is disabled", ALIYUN),
    (f"id={AWS}", AWS),
    (f"SecretId {TENCENT}", TENCENT),
    (f"model key {OPENAI} refused", OPENAI),
    (f"robot {ROBOT}", ROBOT),
    ("ak=abcd1234efgh sk=zyxw9876vuts", "zyxw9876vuts"),
    ("secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY", "wJalrXUtnFEMI"),
    ("密码：Abc@12345，请尽快修改", "Abc@12345"),
    ("数据库密码是 root1234", "root1234"),
    ("mysqldump --password topsecret shop", "topsecret"),
    ("curl -u bob:pw1 http://x", "pw1"),
    ("CREATE USER x IDENTIFIED BY 'letmein'", "letmein"),
    ("requirepass foobared", "foobared"),
    ("<Password>open sesame</Password>", "sesame"),
    ("password=ab(cd{ef", "cd{ef"),
]

ORDINARY = [
    "2026-05-01 12:00:00 ERROR [main] com.shop.Order - order 1234 failed after 3 retries",
    "invalid token: expired at 10:00",
    "Unexpected token: < in JSON at position 0",
    "max_tokens=4096 prompt_tokens=12",
    "password_policy=strong",
    "Failed password for root from 10.0.0.1 port 22 ssh2",
    "FATAL: password authentication failed for user shop",
    "basic authentication failed",
    "bearer token is missing",
    "PWD=/home/app OLDPWD=/tmp",
    "secret: not found",
    "password: incorrect",
    "api_key=${API_KEY}",
    "密码错误，请重试",
    "磁盘使用率 95%，主机 db-01，分区 /data",
    "docker run -u 1000:1000 app",
    "http://web:8080/a@b",
    "session closed for user root",
    "task-scheduler-with-a-long-name disk-usage-exporter",
    "Authorization: failed for user bob",
    "java.lang.OutOfMemoryError: Java heap space",
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_secret_is_masked(text: str, secret: str) -> None:
    masked = redact(text)
    assert secret not in masked
    assert MASK in masked
    assert redact(masked) == masked


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


def test_what_stands_around_a_secret_stays() -> None:
    assert redact("postgres://app:x1y2@db/shop failed") == "postgres://app:***@db/shop failed"
    assert redact('{"password": "a b", "n": 1}') == '{"password": "***", "n": 1}'
    assert redact("send?access_token=ab12&timestamp=5") == "send?access_token=***&timestamp=5"


def test_labels_are_masked_by_name_and_by_value() -> None:
    labels = {"host": "db-01", "db_password": "sunshine", "url": "redis://:pw@c:1", "token": ""}
    assert redact_labels(labels) == {
        "host": "db-01",
        "db_password": MASK,
        "url": "redis://:***@c:1",
        "token": "",
    }


_fragments = st.sampled_from(
    [text for text, _secret in SECRETS]
    + ORDINARY
    + [
        "password",
        "token",
        "=",
        ":",
        '"',
        "'",
        "\\",
        " ",
        "&",
        "?",
        "://",
        "@",
        "***",
        "密码",
        "：",
        "--",
        "Bearer ",
        "sk-",
        "eyJ",
        "a1b2c3d4e5",
    ]
    + [
        "<",
        "\n",
        "secret",
        "Cookie:",
        "x=1",
        "authorization",
        "session_id",
        "ak",
        "1",
        "，",
        "$",
        "{",
    ]
    + ["-----BEGIN PRIVATE KEY-----"]
)


@given(st.lists(_fragments | st.text(max_size=6), max_size=12).map("".join))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.text(alphabet=st.characters(codec=None), max_size=60))
def test_any_text_is_taken(text: str) -> None:
    assert isinstance(redact(text), str)


@pytest.mark.parametrize(
    "piece",
    [
        "password=",
        "-----BEGIN PRIVATE KEY-----",
        "eyJ",
        "://",
        "a:",
        "token ",
        "Cookie: a",
        '\\"',
        "a.",
    ],
)
def test_hostile_repetition_stays_linear(piece: str) -> None:
    """Ten times the text takes about ten times as long, not a hundred."""

    def cost(size: int) -> float:
        text = piece * (size // len(piece))
        started = time.process_time()
        redact(text)
        Placeholders(["db-01"]).hide(text)
        return time.process_time() - started

    cost(1_000)
    small = max(min(cost(20_000) for _ in range(3)), 0.0005)
    assert cost(200_000) < small * 60


def test_placeholders_name_the_same_thing_the_same_way() -> None:
    names = Placeholders(["db-01"])
    hidden = names.hide("db-01 (10.2.3.4) → web.shop.internal; db-01 again; ops@a.cn 13800001111")
    assert hidden == "<HOST_2> (<IP_1>) → <HOST_1>; <HOST_2> again; <MAIL_1> <MOBILE_1>"
    assert names.fill("restart <HOST_2>, not <HOST_9>") == "restart db-01, not <HOST_9>"
    assert names.count == 5


def test_placeholders_leave_versions_times_and_classes() -> None:
    text = (
        "at 12:30:45 java.net.SocketTimeoutException v1.2.3 com.shop.Order.java 10.1.2.3.4 fe80::1"
    )
    hidden = Placeholders().hide(text)
    assert hidden == text.replace("fe80::1", "<IP_1>")


@given(
    st.lists(
        st.sampled_from(
            ["db-01", "10.0.0.1", "<IP_1>", "<HOST_1>", "a@b.cn", "x.internal", "HOST_1"]
        )
        | st.text(max_size=5),
        max_size=10,
    ).map(" ".join)
)
def test_what_was_hidden_comes_back(text: str) -> None:
    names = Placeholders(["db-01", "HOST_1"])
    assert names.fill(names.hide(text)) == text


def test_hosts_of_labels() -> None:
    labels = ({"instance": "db-01:9100", "app": "shop"}, {"host": "web-2"})
    assert Placeholders.hosts_of(*labels) == ["db-01", "web-2"]
