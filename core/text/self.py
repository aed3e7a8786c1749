"""What tocsin says about itself."""

TEXTS: dict[str, dict[str, str]] = {
    "self.upload_failure_ratio": {
        "zh-CN": "最近 10 分钟上传失败率 {value:.0%}（阈值 {limit:.0%}），用 /retry failed 重试",
        "en": "{value:.0%} of the uploads of the last 10 minutes failed (limit {limit:.0%}); /retry failed tries again",
    },
    "self.upload_queue": {
        "zh-CN": "上传队列已用 {value:.0%}（阈值 {limit:.0%}）",
        "en": "The upload queue is {value:.0%} full (limit {limit:.0%})",
    },
    "self.ai_degraded": {
        "zh-CN": "最近 10 分钟 {value:.0%} 的分析退回到规则摘要（阈值 {limit:.0%}）",
        "en": "{value:.0%} of the analyses of the last 10 minutes fell back to rules (limit {limit:.0%})",
    },
    "self.outbox_age": {
        "zh-CN": "通道 {channel} 有通知已等待 {value:.0f} 秒（阈值 {limit:.0f} 秒）",
        "en": "A notification for {channel} has waited {value:.0f} s (limit {limit:.0f} s)",
    },
    "self.dead_letters": {
        "zh-CN": "通道 {channel} 最近 10 分钟有 {value:.0f} 条通知未能送达，修复后用 /retry failed 重发",
        "en": "{value:.0f} notifications to {channel} of the last 10 minutes were given up; /retry failed sends them again once it is mended",
    },
    "self.heartbeat": {
        "zh-CN": "心跳 {name}：{source} 已超过 {every} 没有消息，最后一次是 {last}",
        "en": "Heartbeat {name}: {source} has said nothing for over {every}; its last word was at {last}",
    },
    "self.heartbeat_never": {
        "zh-CN": "心跳 {name}：{source} 在 {every} 内没有任何消息",
        "en": "Heartbeat {name}: {source} has not said anything within {every}",
    },
    "self.cleared": {"zh-CN": "已恢复正常", "en": "Back to normal"},
}
