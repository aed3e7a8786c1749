"""What the chat rooms say by themselves."""

TEXTS: dict[str, dict[str, str]] = {
    "chat.notified.firing": {"zh-CN": "已通知 {channel}", "en": "Told {channel}"},
    "chat.notified.digest": {"zh-CN": "已合并通知 {channel}", "en": "Told {channel} in a digest"},
    "chat.notified.resolved": {
        "zh-CN": "已通知 {channel} 恢复",
        "en": "Told {channel} that it cleared",
    },
    "chat.notified.update": {"zh-CN": "已再次提醒 {channel}", "en": "Reminded {channel}"},
    "chat.notified.reply": {
        "zh-CN": "已向 {channel} 补充分析",
        "en": "Told {channel} the analysis",
    },
    "chat.notified.notice": {
        "zh-CN": "已告知 {channel} 静默即将结束",
        "en": "Told {channel} that a silence ends soon",
    },
    "chat.notified.escalation": {
        "zh-CN": "升级消息已发到 {channel}",
        "en": "Escalated to {channel}",
    },
    "chat.notified.called": {"zh-CN": "，呼叫 {names}", "en": ", calling {names}"},
    "chat.escalation_over": {"zh-CN": "事件已恢复", "en": "it is resolved"},
    "chat.escalation_acknowledged": {
        "zh-CN": "{by} 已确认",
        "en": "{by} acknowledged it",
    },
    "chat.escalation_not_sent": {
        "zh-CN": "升级消息没有发到 {channel}：{why}",
        "en": "The escalation was not sent to {channel}: {why}",
    },
    "chat.undeliverable": {
        "zh-CN": "{channel} 未能收到 {id}：{why}",
        "en": "{channel} did not get {id}: {why}",
    },
}
