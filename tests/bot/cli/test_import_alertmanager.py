"""`tocsin import alertmanager`: a real configuration, what is lost of it, and hostile files."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.cli.alertmanager_yml import translate
from bot.cli.main import app
from core.config.load import parse_settings
from core.errors import ConfigError

WHOLE = """
global:
  resolve_timeout: 10m
  smtp_smarthost: 'smtp.example.com:587'
  smtp_from: 'am@example.com'
  smtp_auth_username: am
  smtp_auth_password: 'p@ss${x}'
  http_config: {follow_redirects: true}
templates: ['/etc/am/*.tmpl']
route: &top
  receiver: default
  group_by: [alertname, cluster]
  group_wait: 10s
  repeat_interval: 1y
  routes:
  - match: {severity: page}
    match_re: {service: '^(foo|bar)$'}
    receiver: night
    continue: yes
    mute_time_intervals: [weekend]
    routes:
    - matchers: ['team="x",env=~"prod|stage"', '{a!="b"}']
      receiver: chat
  - match: {quiet: "yes"}
    receiver: blackhole
receivers:
- name: default
  email_configs: [{to: 'a@example.com, b@example.com'}]
- name: night
  pagerduty_configs: [{service_key: x}]
  webhook_configs: [{url: 'http://10.0.0.1:9000/${HOME}', http_config: {}}]
- name: chat
  webhook_configs:
  - url: 'https://oapi.dingtalk.com/robot/send?access_token=abc'
  - url: 'https://oapi.dingtalk.com.evil.example/robot/send?access_token=abc'
  wechat_configs: [{corp_id: x}]
- name: blackhole
inhibit_rules:
- source_match: {severity: critical}
  target_match_re: {severity: 'warning|info'}
  equal: [alertname, instance]
- source_matchers: ['a="b"']
  target_matchers: [c=~"d"]
mute_time_intervals:
- name: weekend
  time_intervals:
  - weekdays: ['saturday', sunday]
    times: [{start_time: 09:00, end_time: 17:30}]
    days_of_month: [1:5, '-1']
    location: Asia/Shanghai
"""


def translated(text: str) -> tuple[dict[str, Any], dict[str, str]]:
    made = translate(text.encode(), "am.yml")
    return yaml.safe_load(made.text), {p.path: p.message for p in made.lost}


def problems(text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    with pytest.raises(ConfigError) as caught:
        translate(raw, "am.yml")
    assert caught.value.problems
    return str(caught.value)


def test_a_whole_file_is_translated() -> None:
    made, _lost = translated(WHOLE)
    assert made["resolve_timeout"] == "10m"
    night, quiet = made["route"]["routes"]
    assert made["route"]["group_interval"] == "5m"
    assert made["route"]["repeat_interval"] == "365d"
    assert night["matchers"] == ['severity="page"', 'service=~"^(foo|bar)$"']
    assert night["continue"] is True
    assert night["mute_time_intervals"] == ["weekend"]
    assert night["routes"][0]["matchers"] == ['team="x"', 'env=~"prod|stage"', 'a!="b"']
    assert quiet["receiver"] == "blackhole"
    assert [(i["source"], i["target"], i["equal"]) for i in made["inhibit"]] == [
        (['severity="critical"'], ['severity=~"warning|info"'], ["alertname", "instance"]),
        (['a="b"'], ['c=~"d"'], []),
    ]
    channels = {c["name"]: c for c in made["channels"]}
    told = {r["name"]: [channels[c]["type"] for c in r["channels"]] for r in made["receivers"]}
    assert told["night"] == ["webhook"]
    assert told["chat"] == ["dingtalk_robot", "webhook"]
    assert told["blackhole"] == []
    settings = parse_settings(made, {})
    assert settings.time_intervals[0].name == "weekend"
    assert any("${HOME}" in getattr(c, "url", "") for c in settings.channels)  # as it was written


def test_what_is_lost_is_listed_by_its_path() -> None:
    made, lost = translated(WHOLE)
    assert {
        "templates",
        "global.http_config",
        "receivers[1].pagerduty_configs[0]",
        "receivers[1].webhook_configs[0].http_config",
        "receivers[1].webhook_configs[0]",
        "receivers[2].wechat_configs[0]",
    } <= set(lost)
    assert "'page' count as info" in lost["severity"]  # and critical needs no word
    if "receivers[0]" in lost:  # a version that cannot send mail
        assert made["receivers"][0]["channels"] == ["room"]


def test_defaults_are_alertmanagers() -> None:
    made, lost = translated("route: {receiver: a}\nreceivers: [{name: a}]\n")
    assert lost == {}
    assert made["route"] == {
        "receiver": "a",
        "group_by": [],
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "4h",
    }


def test_anchors_and_merges_are_followed() -> None:
    made, _lost = translated(
        "x: &x {receiver: a, group_wait: 1s}\nroute: {<<: *x, group_wait: 2s}\n"
        "receivers: [{name: a}]"
    )
    assert (made["route"]["receiver"], made["route"]["group_wait"]) == ("a", "2s")


def test_every_mistake_is_named_at_once() -> None:
    said = problems(
        """
route: {receiver: 7a, group_by: alertname, group_wait: soon, continue: maybe,
        routes: [{matchers: [nonsense], match_re: {a: "("}}, 3]}
receivers: [{name: [x], webhook_configs: {}}, {webhook_configs: [{url: "ftp://x"}]}]
inhibit_rules: {}
"""
    )
    for path in (
        "route.group_by", "route.group_wait", "route.continue", "route.routes[0].matchers[0]",
        "route.routes[0].match_re.a", "route.routes[1]", "receivers[0].name",
        "receivers[0].webhook_configs", "receivers[1].name", "receivers[1].webhook_configs[0].url",
        "inhibit_rules",
    ):  # fmt: skip
        assert f"{path}:" in said
    assert "route.receiver" in problems("route: {receiver: b}\nreceivers: [{name: a}]")
    assert "route.receiver: is required" in problems("route: {}\nreceivers: [{name: a}]")


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("[]", "must be a mapping"),
        ("just text", "must be a mapping"),
        ("a: [", "is not YAML"),
        ("a: 1\na: 2", "stands twice"),
        ("? [a]\n: b", "a key must be a text"),
        ("a: &a [*a]", "an anchor that holds itself"),
        ("a: *nothing", "undefined alias"),
        ("<<: 3", "<< takes a mapping"),
        (BOMB, "too many values"),
        ("[" * 100_000, "nested too deeply"),
        ("{a: " * 500 + "1" + "}" * 500, "nested too deeply"),
        (b"\xff\xfe\x00", "is not"),
        (b"a: \x00", "is not YAML"),
        ("a: !!python/object/apply:os.system [id]\nroute: {receiver: r}", "route.receiver"),
    ],
)  # fmt: skip
def test_hostile_files_are_refused_with_a_reason(text: str | bytes, said: str) -> None:
    assert said in problems(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["receiver", "routes", "match", "matchers", "name", "webhook_configs", "url", "equal",
             "email_configs", "to", "smarthost", "time_intervals", "times", "group_wait"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(
            ["global", "route", "receivers", "inhibit_rules", "time_intervals", "templates"]
        ),
        VALUES,
    )
)
def test_of_any_values_there_are_settings_or_problems(document: dict[str, Any]) -> None:
    text = yaml.safe_dump(document, allow_unicode=True)
    try:
        made = translate(text.encode(), "am.yml")
    except ConfigError:
        return
    parse_settings(yaml.safe_load(made.text), {})


def test_the_command_writes_a_file_for_its_owner(tmp_path: Path) -> None:
    given_, output = tmp_path / "am.yml", tmp_path / "config.yaml"
    given_.write_text(WHOLE, "utf-8")
    done = CliRunner().invoke(app, ["import", "alertmanager", str(given_), "--output", str(output)])
    assert done.exit_code == 0
    assert "pagerduty" in done.stderr
    assert done.stdout == ""
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    checked = CliRunner().invoke(app, ["check-config", str(output)])
    assert checked.exit_code == 0
