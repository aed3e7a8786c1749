"""What chat shows: the small words, and the answers to commands that show something.

Whole notifications stand in bot/render/templates.
"""

TEXTS: dict[str, dict[str, str]] = {
    # Small words
    "render.severity.critical": {"zh-CN": "紧急", "en": "Critical"},
    "render.severity.warning": {"zh-CN": "警告", "en": "Warning"},
    "render.severity.info": {"zh-CN": "提示", "en": "Info"},
    "render.status.triggered": {"zh-CN": "未确认", "en": "triggered"},
    "render.status.acknowledged": {"zh-CN": "已确认", "en": "acknowledged"},
    "render.status.resolved": {"zh-CN": "已恢复", "en": "resolved"},
    "render.status.firing": {"zh-CN": "告警中", "en": "firing"},
    "render.state.pending": {"zh-CN": "等待中", "en": "pending"},
    "render.state.sending": {"zh-CN": "发送中", "en": "sending"},
    "render.state.sent": {"zh-CN": "已送达", "en": "sent"},
    "render.state.failed": {"zh-CN": "失败", "en": "failed"},
    "render.state.dead": {"zh-CN": "已放弃", "en": "given up"},
    "render.state.uploading": {"zh-CN": "上传中", "en": "uploading"},
    "render.state.succeeded": {"zh-CN": "成功", "en": "succeeded"},
    "render.state.canceled": {"zh-CN": "已取消", "en": "canceled"},
    "render.confidence.high": {"zh-CN": "把握高", "en": "high confidence"},
    "render.confidence.medium": {"zh-CN": "把握中等", "en": "medium confidence"},
    "render.confidence.weak": {"zh-CN": "仅供参考", "en": "weak match"},
    "render.span.day": {"zh-CN": "{n} 天", "en": "{n} d"},
    "render.span.hour": {"zh-CN": "{n} 小时", "en": "{n} h"},
    "render.span.minute": {"zh-CN": "{n} 分钟", "en": "{n} min"},
    "render.span.second": {"zh-CN": "{n} 秒", "en": "{n} s"},
    "render.just_now": {"zh-CN": "刚刚", "en": "just now"},
    "render.ago": {"zh-CN": "{span}前", "en": "{span} ago"},
    "render.cut": {"zh-CN": "…（已截断）", "en": "… (cut)"},
    "render.cut_show": {
        "zh-CN": "…（已截断，/show {id} 查看全文）",
        "en": "… (cut; /show {id} tells all)",
    },
    "render.cut_page": {
        "zh-CN": "…（内容过长，已截断，完整内容见网页）",
        "en": "… (too long, cut here; the web room shows all of it)",
    },
    "render.more_labels": {
        "zh-CN": "…（另有 {n} 个标签，/show {id} 查看全文）",
        "en": "… ({n} more labels; /show {id} tells all)",
    },
    "render.open": {"zh-CN": "打开网页", "en": "Open"},
    "render.count": {"zh-CN": "{what} {n} 条", "en": "{what} {n}"},
    "render.and": {"zh-CN": "，", "en": ", "},
    # Who says what it means
    "render.by_rules": {"zh-CN": "由规则提取，未使用模型", "en": "by rules, without a model"},
    "render.by_rules_instead": {
        "zh-CN": "由规则提取，模型未能回答：{error}",
        "en": "by rules, for the model did not answer: {error}",
    },
    "render.by_model": {"zh-CN": "由模型 {model} 生成", "en": "by the model {model}"},
    # What a phone shows of a notification
    "render.title.firing": {"zh-CN": "{icon} {severity} {what}", "en": "{icon} {severity} {what}"},
    "render.title.update": {
        "zh-CN": "{icon} {severity} 仍未恢复 {what}",
        "en": "{icon} {severity} still firing: {what}",
    },
    "render.title.escalation": {
        "zh-CN": "{icon} {severity} 升级 {what}",
        "en": "{icon} {severity} escalated: {what}",
    },
    "render.escalation.step": {
        "zh-CN": "⏫ 升级策略 {policy} 第 {step}/{steps} 步",
        "en": "⏫ Escalation {policy}, step {step} of {steps}",
    },
    "render.escalation.cycle": {
        "zh-CN": "⏫ 升级策略 {policy} 第 {step}/{steps} 步，第 {cycle} 轮",
        "en": "⏫ Escalation {policy}, step {step} of {steps}, cycle {cycle}",
    },
    "render.escalation.fallback": {
        "zh-CN": "⏫ 升级策略 {policy} 的步骤都已执行，仍无人确认",
        "en": "⏫ Escalation {policy}: nobody answered any of its steps",
    },
    "render.escalation.by": {"zh-CN": "，由 {by} 请求", "en": ", asked for by {by}"},
    "render.escalation.calls": {"zh-CN": "呼叫：{names}", "en": "Calling {names}"},
    "render.escalation.on_call": {
        "zh-CN": "{name}（{schedule} 值班）",
        "en": "{name} (on call in {schedule})",
    },
    "render.escalation.nobody": {
        "zh-CN": "{schedule} 现在没有人值班",
        "en": "nobody is on call in {schedule}",
    },
    "render.title.resolved": {"zh-CN": "{icon} 已恢复 {what}", "en": "{icon} Cleared: {what}"},
    "render.title.digest": {
        "zh-CN": "{icon} {severity} 告警汇总 {n} 条",
        "en": "{icon} {severity}: digest of {n} alerts",
    },
    "render.title.reply": {"zh-CN": "{id} 补充：{what}", "en": "More on {id}: {what}"},
    "render.title.notice": {"zh-CN": "🔔 {id} 即将结束", "en": "🔔 {id} ends soon"},
    "render.title.more": {"zh-CN": " 等 {n} 条", "en": " and others ({n} alerts)"},
    "render.more": {"zh-CN": "…（另有 {n} 条未列出）", "en": "… ({n} more not listed)"},
    # /oncall
    "render.oncall.schedule": {"zh-CN": "**{name}**（{tz}）", "en": "**{name}** ({tz})"},
    "render.oncall.now": {
        "zh-CN": "现在：**{person}**（{via}）",
        "en": "Now: **{person}** ({via})",
    },
    "render.oncall.now.until": {
        "zh-CN": "现在：**{person}**，至 {until}（{via}）",
        "en": "Now: **{person}** until {until} ({via})",
    },
    "render.oncall.nobody": {"zh-CN": "现在没有人值班", "en": "Nobody is on call"},
    "render.oncall.nobody.until": {
        "zh-CN": "现在没有人值班，至 {until}",
        "en": "Nobody is on call until {until}",
    },
    "render.oncall.next": {
        "zh-CN": "下一班：{person}，{at} 交接",
        "en": "Next: {person}, from {at}",
    },
    "render.oncall.next_nobody": {
        "zh-CN": "{at} 之后没有人值班",
        "en": "Nobody from {at}",
    },
    "render.oncall.layer": {"zh-CN": "第 {n} 层", "en": "layer {n}"},
    # /incidents and /alerts
    "render.incidents.none": {
        "zh-CN": "✅ 现在没有未恢复的事件。",
        "en": "✅ No incident is open.",
    },
    "render.incidents.head": {
        "zh-CN": "**未恢复的事件 {n} 个**，未确认 {triggered}，已确认 {acknowledged}",
        "en": "**{n} open**: {triggered} triggered, {acknowledged} acknowledged",
    },
    "render.incidents.stands": {
        "zh-CN": "{status} · 告警 {n} 条 · {ago}",
        "en": "{status} · alerts: {n} · {ago}",
    },
    "render.incidents.stands_by": {
        "zh-CN": "{status} · {by} · 告警 {n} 条 · {ago}",
        "en": "{status} · {by} · alerts: {n} · {ago}",
    },
    "render.alerts.none": {"zh-CN": "✅ 现在没有告警。", "en": "✅ Nothing is firing."},
    "render.alerts.head": {"zh-CN": "**告警中 {n} 条**", "en": "**Firing: {n}**"},
    "render.alerts.stands": {"zh-CN": "{n} 次 · {ago} · {labels}", "en": "×{n} · {ago} · {labels}"},
    # /show of an incident
    "render.incident.stands": {
        "zh-CN": "{status}，开始于 {since}，历时 {lasted}",
        "en": "{status}, began {since}, lasted {lasted}",
    },
    "render.incident.stands_open": {
        "zh-CN": "{status}，开始于 {since}，已持续 {lasted}",
        "en": "{status}, began {since}, {lasted} so far",
    },
    "render.incident.acknowledged": {
        "zh-CN": "{by} 于 {at} 确认",
        "en": "acknowledged by {by} at {at}",
    },
    "render.incident.ack_until": {
        "zh-CN": "确认有效至 {at}，之后继续提醒",
        "en": "until {at}, then it reminds again",
    },
    "render.incident.escalates": {
        "zh-CN": "⏫ 升级策略 {policy}：若无人确认，{at} 执行下一步",
        "en": "⏫ escalation {policy}: unless someone acknowledges it, the next step comes at {at}",
    },
    "render.incident.escalation_waits": {
        "zh-CN": "⏫ 升级策略 {policy} 暂缓：告警正被静默、抑制或在维护中",
        "en": "⏫ escalation {policy} waits: its alerts are silenced, inhibited, or in maintenance",
    },
    "render.incident.assigned": {"zh-CN": "指派给 {to}", "en": "assigned to {to}"},
    "render.incident.resolved": {
        "zh-CN": "{at} 告警全部恢复，自动关闭",
        "en": "every alert cleared at {at}; resolved by itself",
    },
    "render.incident.resolved_by": {
        "zh-CN": "{by} 于 {at} 关闭",
        "en": "resolved by {by} at {at}",
    },
    "render.incident.held": {
        "zh-CN": "关闭时告警仍未恢复，暂不再提醒",
        "en": "alerts still fired then; they are held back for now",
    },
    "render.incident.resolution": {
        "zh-CN": "**处理方法**  \n  {text}",
        "en": "**What fixed it**  \n  {text}",
    },
    "render.incident.alerts": {"zh-CN": "**告警 {n} 条**", "en": "**Alerts: {n}**"},
    "render.incident.timeline": {"zh-CN": "**最近的经过**", "en": "**What happened lately**"},
    "render.incident.note": {"zh-CN": "{at} {by} 备注：{text}", "en": "{at} {by} noted: {text}"},
    "render.analysis.summary": {"zh-CN": "**摘要**（{source}）", "en": "**Summary** ({source})"},
    "render.analysis.causes": {"zh-CN": "**可能的原因**", "en": "**Likely causes**"},
    "render.analysis.suggestions": {"zh-CN": "**建议**", "en": "**Suggestions**"},
    # /show of an alert
    "render.alert.stands": {
        "zh-CN": "{status}，共 {n} 次，{first} 首次出现，最近 {last}",
        "en": "{status}, ×{n}, first seen {first}, last {last}",
    },
    "render.alert.ended": {"zh-CN": "{at} 恢复", "en": "cleared at {at}"},
    "render.alert.source": {"zh-CN": "来源：{source}", "en": "source: {source}"},
    "render.alert.rule": {"zh-CN": "规则：{rule}", "en": "rule: {rule}"},
    "render.alert.incident": {"zh-CN": "所属事件：{id}", "en": "incident: {id}"},
    "render.alert.fingerprint": {
        "zh-CN": "指纹 {it}（依据 {made_of}）",
        "en": "fingerprint {it} (made of {made_of})",
    },
    "render.alert.flapping": {
        "zh-CN": "抖动：反复触发和恢复，平静后才算恢复",
        "en": "flapping: it comes and goes, and is over when it is calm",
    },
    "render.alert.labels": {"zh-CN": "**标签**", "en": "**Labels**"},
    "render.alert.annotations": {"zh-CN": "**注释**", "en": "**Annotations**"},
    "render.alert.links": {"zh-CN": "**链接**", "en": "**Links**"},
    # /why
    "render.why.alert": {
        "zh-CN": "**{id} {name}** {status}",
        "en": "**{id} {name}** {status}",
    },
    "render.why.incident": {
        "zh-CN": "**{id} {title}** {status}",
        "en": "**{id} {title}** {status}",
    },
    "render.why.undecided": {"zh-CN": "还没有判定记录。", "en": "Nothing was decided on it yet."},
    "render.why.template": {
        "zh-CN": "按日志模板归并：{template}",
        "en": "told apart by its log template: {template}",
    },
    "render.why.rule": {
        "zh-CN": "规则 {rule}，第 {version} 版",
        "en": "rule {rule}, version {version}",
    },
    "render.why.decided": {
        "zh-CN": "{at} 的判定，逐步如下：",
        "en": "Decided at {at}, step by step:",
    },
    "render.why.before": {"zh-CN": "此前：", "en": "Before that:"},
    "render.why.ask_alert": {
        "zh-CN": "查看某条告警的每一步：/why {id}",
        "en": "Every step of one alert: /why {id}",
    },
    "render.why.sent": {"zh-CN": "**发出的通知**", "en": "**Notifications**"},
    "render.why.nothing_sent": {"zh-CN": "没有发出通知。", "en": "No notification was made."},
    "render.why.notification": {
        "zh-CN": "{id} {kind} → {channel}：{state}，尝试 {n} 次，{at}",
        "en": "{id} {kind} → {channel}: {state}, attempts: {n}, {at}",
    },
    "render.why.receipt": {"zh-CN": "回执 {code} {text}", "en": "receipt {code} {text}"},
    "render.why.silenced": {
        "zh-CN": "被静默 {id} 挡住：{by} 设置，{comment}，至 {until}",
        "en": "silenced by {id}: {by}, {comment}, until {until}",
    },
    "render.why.deduplicate.passed": {
        "zh-CN": "去重：新出现的告警",
        "en": "deduplicate: it is new",
    },
    "render.why.deduplicate.recorded": {
        "zh-CN": "去重：与 {by} 重复，只计数（{note}）",
        "en": "deduplicate: a repeat of {by}, only counted ({note})",
    },
    "render.why.inhibit.passed": {
        "zh-CN": "抑制：没有更严重的告警覆盖它",
        "en": "inhibit: nothing that fires covers it",
    },
    "render.why.inhibit.suppressed": {
        "zh-CN": "抑制：被 {by} {note} 覆盖，不再单独通知",
        "en": "inhibit: covered by {by} {note}, so it is not told by itself",
    },
    "render.why.silence.passed": {
        "zh-CN": "静默：没有匹配的静默",
        "en": "silence: no silence matches",
    },
    "render.why.silence.suppressed": {
        "zh-CN": "静默：被 {by} 挡住（{note}）",
        "en": "silence: held back by {by} ({note})",
    },
    "render.why.hold.passed": {
        "zh-CN": "人工关闭：事件没有被人关闭",
        "en": "hold: nobody resolved its incident",
    },
    "render.why.hold.suppressed": {
        "zh-CN": "人工关闭：{by} 已被人关闭，告警恢复前暂不通知",
        "en": "hold: a person resolved {by}; it is not told while it goes on",
    },
    "render.why.heartbeat.passed": {
        "zh-CN": "心跳：不是心跳信号",
        "en": "heartbeat: it is none",
    },
    "render.why.heartbeat.suppressed": {
        "zh-CN": "心跳：它是 {by} 的心跳信号，只证明来源还在，不通知",
        "en": "heartbeat: it only proves that the source of {by} lives, so nobody is told",
    },
    "render.why.fingerprint.passed": {
        "zh-CN": "指纹：{by}，依据 {note}",
        "en": "fingerprint: {by}, made of {note}",
    },
    "render.why.severity.passed": {
        "zh-CN": "严重程度：{note} {by}",
        "en": "severity: {note} {by}",
    },
    "render.why.flapping.passed": {"zh-CN": "抖动：没有", "en": "flapping: it does not"},
    "render.why.flapping.passed.flapping": {
        "zh-CN": "抖动：反复触发和恢复（{note}），只通知一次",
        "en": "flapping: it comes and goes ({note}), so it is told once",
    },
    "render.why.flapping.suppressed": {
        "zh-CN": "抖动：尚未确认（{note}）",
        "en": "flapping: not sure yet ({note})",
    },
    "render.why.maintenance.suppressed": {
        "zh-CN": "维护：{by} 维护期间只记录不通知（{note}）",
        "en": "maintenance: recorded and not told during {by} ({note})",
    },
    "render.why.maintenance.passed": {
        "zh-CN": "维护：不在维护中",
        "en": "maintenance: none is under way",
    },
    "render.why.time_intervals.suppressed": {
        "zh-CN": "时段：{by} 时段内该路由不通知（{note}），时段结束后再通知",
        "en": "time intervals: {by} holds its route back ({note}); told when it may be",
    },
    "render.why.time_intervals.passed": {
        "zh-CN": "时段：当前可以通知",
        "en": "time intervals: its route may tell now",
    },
    "render.why.throttle.grouped": {
        "zh-CN": "限流：接收者 {by} 的通知已到上限（{note}），并入下一条通知",
        "en": "throttle: {by} had its {note}; told together in the next one",
    },
    "render.why.group.grouped": {
        "zh-CN": "分组：归入 {by}（{note}），到时一起通知",
        "en": "group: joined {by} ({note}), told together when its time comes",
    },
    "render.why.escalate.notified": {"zh-CN": "升级：{note}", "en": "escalate: {note}"},
    "render.why.notify.notified": {
        "zh-CN": "通知：已交给接收者 {by}",
        "en": "notify: handed to receiver {by}",
    },
    "render.why.resolve.recorded": {
        "zh-CN": "恢复：告警已恢复 {note}",
        "en": "resolve: the alert cleared {note}",
    },
    "render.why.resolve.recorded.timeout": {
        "zh-CN": "恢复：超时未再收到，视为恢复",
        "en": "resolve: nothing more came, so it is over",
    },
    "render.why.resolve.recorded.calm": {
        "zh-CN": "恢复：已平静，抖动结束",
        "en": "resolve: calm again, so it is over",
    },
    "render.why.resolve.recorded.flapping": {
        "zh-CN": "恢复：抖动中，平静后才算恢复",
        "en": "resolve: it flaps; it is over when it is calm",
    },
    "render.why.resolve.recorded.clears": {
        "zh-CN": "恢复：恢复次数还不够（{note}）",
        "en": "resolve: not enough clears yet ({note})",
    },
    "render.why.stage": {
        "zh-CN": "{stage}：{verdict} {reason} {by} {note}",
        "en": "{stage}: {verdict} {reason} {by} {note}",
    },
    "render.verdict.passed": {"zh-CN": "通过", "en": "passed"},
    "render.verdict.suppressed": {"zh-CN": "拦下", "en": "suppressed"},
    "render.verdict.grouped": {"zh-CN": "归组", "en": "grouped"},
    "render.verdict.notified": {"zh-CN": "已通知", "en": "notified"},
    "render.verdict.recorded": {"zh-CN": "只记录", "en": "recorded"},
    "render.kind.firing": {"zh-CN": "告警", "en": "firing"},
    "render.kind.resolved": {"zh-CN": "恢复", "en": "resolved"},
    "render.kind.digest": {"zh-CN": "汇总", "en": "digest"},
    "render.kind.update": {"zh-CN": "提醒", "en": "reminder"},
    "render.kind.escalation": {"zh-CN": "升级", "en": "escalation"},
    "render.kind.reply": {"zh-CN": "补充", "en": "follow-up"},
    "render.kind.notice": {"zh-CN": "静默到期提醒", "en": "end of a silence"},
    "render.kind.event": {"zh-CN": "外发事件", "en": "webhook event"},
    # /similar, /search, /runbook, /ask
    "render.similar.head": {"zh-CN": "**以前这样处理过**", "en": "**What helped before**"},
    "render.similar.of": {
        "zh-CN": "与 {id} 相似的历史事件和文章（{title}）：",
        "en": "Like {id} ({title}):",
    },
    "render.similar.none": {
        "zh-CN": "没有找到与 {id} 相似的历史事件或文章。",
        "en": "Nothing like {id} is known yet.",
    },
    "render.found.head": {"zh-CN": "搜索“{query}”：", "en": "Found for “{query}”:"},
    "render.found.none": {
        "zh-CN": "没有找到与“{query}”相关的内容，换个说法试试。",
        "en": "Nothing found for “{query}”. Try other words.",
    },
    "render.found.why": {"zh-CN": "依据：{why}", "en": "why: {why}"},
    "render.article.facts": {
        "zh-CN": "{status} · 第 {version} 版 · 标签：{tags}",
        "en": "{status} · version {version} · tags: {tags}",
    },
    "render.article.draft": {"zh-CN": "草稿", "en": "draft"},
    "render.article.reviewing": {"zh-CN": "审核中", "en": "in review"},
    "render.article.published": {"zh-CN": "已发布", "en": "published"},
    "render.article.archived": {"zh-CN": "已归档", "en": "archived"},
    "render.article.others": {"zh-CN": "也可以看：", "en": "See also:"},
    "render.answer.sources": {"zh-CN": "**出处**", "en": "**Sources**"},
    "render.answer.ungrounded": {
        "zh-CN": "知识库不足以支持这个回答。",
        "en": "The knowledge base does not support an answer.",
    },
    "render.answer.extract": {
        "zh-CN": "未使用模型，以上为知识库原文摘录。",
        "en": "No model was used; this is quoted from the knowledge base.",
    },
    # /upload and /status
    "render.uploads.none": {"zh-CN": "还没有上传记录。", "en": "Nothing was uploaded yet."},
    "render.uploads.head": {"zh-CN": "**最近的上传**", "en": "**Latest uploads**"},
    "render.uploads.line": {
        "zh-CN": "{icon} {id} {path} → {target}：{state}，{at}",
        "en": "{icon} {id} {path} → {target}: {state}, {at}",
    },
    "render.status.well": {"zh-CN": "✅ **各部分工作正常**", "en": "✅ **Every part is well**"},
    "render.status.troubled": {
        "zh-CN": "❌ **有 {n} 个部分异常**",
        "en": "❌ **Parts in trouble: {n}**",
    },
    "render.status.incidents": {
        "zh-CN": "未恢复的事件：未确认 {triggered}，已确认 {acknowledged}",
        "en": "open incidents: {triggered} triggered, {acknowledged} acknowledged",
    },
    "render.status.alerts": {
        "zh-CN": "告警中 {firing} 条，生效的静默 {silences} 个",
        "en": "{firing} alerts firing, {silences} silences active",
    },
    "render.status.notifications": {
        "zh-CN": "通知：等待 {notifications_waiting}，失败 {notifications_failed}",
        "en": "notifications: {notifications_waiting} waiting, {notifications_failed} failed",
    },
    "render.status.uploads": {
        "zh-CN": "上传：等待 {uploads_waiting}，失败 {uploads_failed}",
        "en": "uploads: {uploads_waiting} waiting, {uploads_failed} failed",
    },
    "render.status.tasks": {
        "zh-CN": "失败的任务 {tasks_failed} 个",
        "en": "failed tasks: {tasks_failed}",
    },
}
