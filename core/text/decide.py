"""What the decision loop writes into an incident's timeline."""

TEXTS: dict[str, dict[str, str]] = {
    "timeline.triggered": {"zh-CN": "事件触发：{title}", "en": "Triggered: {title}"},
    "timeline.alert": {"zh-CN": "{id} 告警：{summary}", "en": "{id} firing: {summary}"},
    "timeline.alert_resolved": {"zh-CN": "{id} 已恢复", "en": "{id} cleared"},
    "timeline.acknowledged": {
        "zh-CN": "{by} 已确认 {comment}",
        "en": "{by} acknowledged {comment}",
    },
    "timeline.unacknowledged": {
        "zh-CN": "{by} 取消了确认 {comment}",
        "en": "{by} took the acknowledgement back {comment}",
    },
    "timeline.retriggered": {
        "zh-CN": "出现更严重的告警，确认已失效",
        "en": "A more severe alert came; the acknowledgement no longer holds",
    },
    "timeline.ack_ended": {"zh-CN": "确认已到期", "en": "The acknowledgement ran out"},
    "timeline.resolved": {"zh-CN": "{by} 关闭了事件 {comment}", "en": "{by} resolved it {comment}"},
    "timeline.resolved_auto": {
        "zh-CN": "全部告警已恢复，事件自动关闭",
        "en": "Every alert cleared; resolved by itself",
    },
    "timeline.reopened": {"zh-CN": "{by} 重新打开 {comment}", "en": "{by} reopened it {comment}"},
    "timeline.reopened_auto": {
        "zh-CN": "告警再次触发，事件重新打开",
        "en": "Firing again; reopened",
    },
    "timeline.assigned": {
        "zh-CN": "{by} 指派给 {to} {comment}",
        "en": "{by} assigned it to {to} {comment}",
    },
    "timeline.escalated": {"zh-CN": "{by} 升级处理 {comment}", "en": "{by} escalated it {comment}"},
    "timeline.escalation_step": {
        "zh-CN": "升级策略 {policy} 第 {step}/{steps} 步（第 {cycle} 轮）：通知 {notify}",
        "en": "Escalation {policy}, step {step} of {steps}, cycle {cycle}: tells {notify}",
    },
    "timeline.escalation_fallback": {
        "zh-CN": "升级策略 {policy} 的步骤都已执行，仍无人确认：通知 {notify}",
        "en": "Escalation {policy}: nobody acknowledged it after the last step; tells {notify}",
    },
    "timeline.escalation_calls": {"zh-CN": "，呼叫 {names}", "en": ", calls {names}"},
    "timeline.escalation_waits": {
        "zh-CN": "升级暂缓：告警正被静默、抑制或在维护中",
        "en": "The escalation waits: its alerts are silenced, inhibited, or in maintenance",
    },
    "timeline.severity": {
        "zh-CN": "严重程度升为 {severity}",
        "en": "Severity rose to {severity}",
    },
}
