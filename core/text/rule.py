"""What rules say that have no line to speak of."""

TEXTS: dict[str, dict[str, str]] = {
    "absence.summary": {
        "zh-CN": "{duration} 内没有出现：{what}",
        "en": "Nothing for {duration}: {what}",
    },
}
