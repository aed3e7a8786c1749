"""What stands in a DingTalk message when the message itself cannot."""

TEXTS: dict[str, dict[str, str]] = {
    "dingtalk.shortened": {"zh-CN": "…（已截断）", "en": "… (shortened)"},
    "dingtalk.shortened_see": {
        "zh-CN": "…（已截断，/show {id} 查看全文）",
        "en": "… (shortened, /show {id} has all of it)",
    },
    "dingtalk.reduced_title": {"zh-CN": "{id} {severity}", "en": "{id} {severity}"},
    "dingtalk.reduced": {
        "zh-CN": "**{id}**（{severity}）\n\n内容未能通过平台检查，/show {id} 查看全文",
        "en": "**{id}** ({severity})\n\nThe platform did not accept the text; /show {id} has it",
    },
    "dingtalk.reply_refused": {
        "zh-CN": "回答未能通过平台的内容检查，请在网页端查看",
        "en": "The platform did not accept the text of the answer; please look in the web console",
    },
}
