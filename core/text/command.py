"""What the bot answers to commands, and what /help says of each."""

TEXTS: dict[str, dict[str, str]] = {
    # Before any command runs
    "command.hint": {
        "zh-CN": "我只处理以 / 开头的命令，发送 /help 查看全部；查资料请用 /search 关键词。",
        "en": "I understand commands that begin with /. See /help, or look something up with /search.",
    },
    "command.unknown": {
        "zh-CN": "没有 /{name} 这个命令，发送 /help 查看全部。",
        "en": "There is no command /{name}; /help lists them all.",
    },
    "command.unknown_near": {
        "zh-CN": "没有 /{name} 这个命令，你是想用 /{near} 吗？发送 /help 查看全部。",
        "en": "There is no command /{name}. Did you mean /{near}? /help lists them all.",
    },
    "command.too_long": {
        "zh-CN": "这条消息太长了，命令最多 {n} 个字符，什么都没有执行。",
        "en": "That is too long: a command has at most {n} characters. Nothing was done.",
    },
    "command.refused_stranger": {
        "zh-CN": "抱歉，我还不认识你（{name}），不能执行命令。请管理员把你加入 config.yaml 的 people。",
        "en": "Sorry, I do not know you yet ({name}), so I may not do that. Please ask an administrator to add you to people in config.yaml.",
    },
    "command.refused": {
        "zh-CN": "抱歉 {name}，/{command} 需要{need}权限，你现在是{have}。",
        "en": "Sorry {name}, /{command} needs the role {need}; yours is {have}.",
    },
    "command.role.ingest": {"zh-CN": "上报者（ingest）", "en": "ingest"},
    "command.role.viewer": {"zh-CN": "查看者（viewer）", "en": "viewer"},
    "command.role.responder": {"zh-CN": "处理者（responder）", "en": "responder"},
    "command.role.editor": {"zh-CN": "编辑者（editor）", "en": "editor"},
    "command.role.admin": {"zh-CN": "管理员（admin）", "en": "admin"},
    "command.usage": {
        "zh-CN": "用法：{usage}  \n  例如：{example}",
        "en": "Usage: {usage}  \n  For example: {example}",
    },
    # When it cannot be done
    "command.error.denied": {"zh-CN": "没有权限：{detail}", "en": "Not allowed: {detail}"},
    "command.error.not_found": {"zh-CN": "没有找到：{detail}", "en": "Not found: {detail}"},
    "command.error.conflict": {
        "zh-CN": "现在的状态不允许这样做：{detail}",
        "en": "Its present status does not allow that: {detail}",
    },
    "command.error.invalid": {
        "zh-CN": "看不懂这个参数：{detail}",
        "en": "That cannot be used: {detail}",
    },
    "command.error.store": {
        "zh-CN": "数据库暂时不可用，什么都没有执行，请稍后再试。",
        "en": "The database cannot be reached just now, so nothing was done. Please try again in a moment.",
    },
    "command.error.other": {"zh-CN": "没有成功：{detail}", "en": "It did not work: {detail}"},
    "command.error.crash": {
        "zh-CN": "出了内部错误，详情已写入日志，请联系管理员。",
        "en": "Something went wrong inside; the details are in the log. Please tell an administrator.",
    },
    "command.no_incident": {
        "zh-CN": "没有事件 {id}，发送 /incidents 查看未恢复的事件。",
        "en": "There is no incident {id}; /incidents lists those that are open.",
    },
    "command.no_alert": {
        "zh-CN": "没有告警 {id}，发送 /alerts 查看正在告警的。",
        "en": "There is no alert {id}; /alerts lists those that fire.",
    },
    "command.alert_alone": {
        "zh-CN": "告警 {id} 不属于任何事件（没有通知过），可以用 /why {id} 查看原因。",
        "en": "Alert {id} belongs to no incident, for it was not told; /why {id} says why.",
    },
    "command.not_an_incident": {
        "zh-CN": "{id} 不是事件，这里需要 INC- 或 ALT- 开头的编号。",
        "en": "{id} is no incident; an id that begins with INC- or ALT- is needed here.",
    },
    "command.nothing_open": {
        "zh-CN": "现在没有未恢复的事件，请写明事件号，例如 INC-3。",
        "en": "No incident is open just now; please name one, such as INC-3.",
    },
    "command.conflict.triggered": {
        "zh-CN": "{id} 现在还没有人确认，也没有关闭。",
        "en": "{id} is triggered: nobody has acknowledged or resolved it.",
    },
    "command.conflict.acknowledged": {
        "zh-CN": "{by} {ago}已经确认了 {id}。",
        "en": "{id} was already acknowledged by {by} {ago}.",
    },
    "command.conflict.resolved": {
        "zh-CN": "{by} {ago}已经关闭了 {id}；如果没有真正恢复，请用 /reopen {id}。",
        "en": "{id} was already resolved by {by} {ago}; if it is not over, use /reopen {id}.",
    },
    "command.conflict.resolved_by_itself": {
        "zh-CN": "{id} 的告警{ago}已全部恢复，事件已自动关闭；如果没有真正恢复，请用 /reopen {id}。",
        "en": "Every alert of {id} cleared {ago}, so it is resolved already; if it is not over, use /reopen {id}.",
    },
    "command.conflict.another": {
        "zh-CN": "同一组告警已经有新的未恢复事件，请处理新的那个；发送 /incidents 查看。",
        "en": "A newer incident is open for the same alerts, so work on that one; see /incidents.",
    },
    # Each command: how it is typed, what it does, what it answers
    "command.incidents.usage": {"zh-CN": "/incidents [文字]", "en": "/incidents [TEXT]"},
    "command.incidents.about": {"zh-CN": "未恢复的事件", "en": "open incidents"},
    "command.alerts.usage": {"zh-CN": "/alerts [文字]", "en": "/alerts [TEXT]"},
    "command.alerts.about": {"zh-CN": "正在告警的列表", "en": "alerts that fire"},
    "command.show.usage": {"zh-CN": "/show [事件号|告警号]", "en": "/show [ID]"},
    "command.show.about": {
        "zh-CN": "一个事件或告警的全部内容",
        "en": "one incident or alert with all there is to say",
    },
    "command.why.usage": {"zh-CN": "/why [告警号|事件号]", "en": "/why [ID]"},
    "command.why.about": {
        "zh-CN": "为什么通知了，或者为什么没有通知",
        "en": "why it was, or was not, told",
    },
    "command.ack.usage": {
        "zh-CN": "/ack [事件号] [时长] [说明]",
        "en": "/ack [ID] [DURATION] [COMMENT]",
    },
    "command.ack.about": {
        "zh-CN": "确认，由我处理，停止提醒；给出时长则到时自动取消确认",
        "en": "I am on it: reminders stop, for the duration if one is given",
    },
    "command.ack.done": {
        "zh-CN": "👌 {id} 已由 {by} 确认，不再提醒：{title}",
        "en": "👌 {by} acknowledged {id}; reminders stop: {title}",
    },
    "command.ack.done_until": {
        "zh-CN": "👌 {id} 已由 {by} 确认，{at} 之前不再提醒：{title}",
        "en": "👌 {by} acknowledged {id}; no reminders until {at}: {title}",
    },
    "command.unack.usage": {"zh-CN": "/unack [事件号] [说明]", "en": "/unack [ID] [COMMENT]"},
    "command.unack.about": {"zh-CN": "取消确认，继续提醒", "en": "take an acknowledgement back"},
    "command.unack.done": {
        "zh-CN": "{by} 取消了 {id} 的确认，会继续提醒：{title}",
        "en": "{by} took the acknowledgement of {id} back; reminders go on: {title}",
    },
    "command.resolve.usage": {
        "zh-CN": "/resolve [事件号] [处理方法]",
        "en": "/resolve [ID] [COMMENT]",
    },
    "command.resolve.about": {
        "zh-CN": "关闭事件，并记下处理方法",
        "en": "it is over; the comment is what fixed it",
    },
    "command.resolve.done": {
        "zh-CN": "✅ {id} 已由 {by} 关闭：{title}",
        "en": "✅ {by} resolved {id}: {title}",
    },
    "command.resolve.held": {
        "zh-CN": "它的告警还没有恢复，暂不提醒；如果一直不恢复，会重新打开一个事件。",
        "en": "Its alerts still fire and are held back; if they go on for long, a new incident opens.",
    },
    "command.resolve.how": {
        "zh-CN": "怎么处理的？回复 /note {id} 处理方法，下次遇到时会提示大家。",
        "en": "What fixed it? Answer /note {id} and what you did; it will be shown the next time.",
    },
    "command.reopen.usage": {"zh-CN": "/reopen [事件号] [说明]", "en": "/reopen [ID] [COMMENT]"},
    "command.reopen.about": {"zh-CN": "重新打开已关闭的事件", "en": "it was not over"},
    "command.reopen.done": {
        "zh-CN": "{by} 重新打开了 {id}：{title}",
        "en": "{by} reopened {id}: {title}",
    },
    "command.assign.usage": {
        "zh-CN": "/assign [事件号] 人名 [说明]",
        "en": "/assign [ID] PERSON [COMMENT]",
    },
    "command.assign.about": {"zh-CN": "指派处理人", "en": "name who works on it"},
    "command.assign.done": {
        "zh-CN": "{id} 已指派给 {to}：{title}",
        "en": "{id} is assigned to {to}: {title}",
    },
    "command.assign.nobody": {
        "zh-CN": "people 里没有 {name}，你是指：{near}？",
        "en": "There is no {name} in people. Did you mean: {near}?",
    },
    "command.escalate.usage": {
        "zh-CN": "/escalate [事件号] [说明]",
        "en": "/escalate [ID] [COMMENT]",
    },
    "command.escalate.about": {
        "zh-CN": "升级：立即通知下一级",
        "en": "call for help: the next step of the escalation, now",
    },
    "command.escalate.done": {
        "zh-CN": "⏫ {by} 升级了 {id}：{title}",
        "en": "⏫ {by} escalated {id}: {title}",
    },
    "command.note.usage": {"zh-CN": "/note [事件号] 内容", "en": "/note [ID] TEXT"},
    "command.note.about": {
        "zh-CN": "给事件加一条备注",
        "en": "add a line to an incident's timeline",
    },
    "command.note.done": {"zh-CN": "已记入 {id}。", "en": "Noted on {id}."},
    "command.silence.usage": {
        "zh-CN": "/silence (事件号|告警号|静默号|匹配条件…) 时长 [说明]",
        "en": "/silence (ID | MATCHER…) DURATION [COMMENT]",
    },
    "command.silence.about": {
        "zh-CN": "静默一段时间，匹配的告警不通知",
        "en": "for a while, matching alerts are not told",
    },
    "command.silence.done": {
        "zh-CN": "🔕 {id} 已生效，至 {until}：{matchers}。提前结束：/unsilence {id}",
        "en": "🔕 {id} silences {matchers} until {until}. To end it before: /unsilence {id}",
    },
    "command.silence.changed": {
        "zh-CN": "🔕 {id} 改为至 {until} 结束。",
        "en": "🔕 {id} now ends at {until}.",
    },
    "command.silence.noted": {
        "zh-CN": "设置静默 {id}，{length} {comment}",
        "en": "silenced by {id} for {length} {comment}",
    },
    "command.silence.no_labels": {
        "zh-CN": "{id} 的告警没有共同的标签，请写明匹配条件，例如 /silence alertname=DiskFull 2h",
        "en": "The alerts of {id} share no label; give matchers, such as /silence alertname=DiskFull 2h",
    },
    "command.maintenance.usage": {
        "zh-CN": "/maintenance [匹配条件…] 时长 [说明]",
        "en": "/maintenance [MATCHER…] DURATION [COMMENT]",
    },
    "command.maintenance.about": {
        "zh-CN": "维护：一段时间内只记录事件，不通知，结束后再通知仍在触发的",
        "en": "for a while, incidents are recorded and not told; what still fires is told afterwards",
    },
    "command.maintenance.done": {
        "zh-CN": "🚧 {id} 维护至 {until}：{matchers}，只记录不通知。提前结束：/unsilence {id}",
        "en": "🚧 {id}: maintenance of {matchers} until {until}; recorded, not told. To end it before: /unsilence {id}",
    },
    "command.maintenance.done_all": {
        "zh-CN": "🚧 {id} 全部维护至 {until}，只记录不通知。提前结束：/unsilence {id}",
        "en": "🚧 {id}: maintenance of everything until {until}; recorded, not told. To end it before: /unsilence {id}",
    },
    "command.unsilence.usage": {"zh-CN": "/unsilence [静默号]", "en": "/unsilence [ID]"},
    "command.unsilence.about": {"zh-CN": "立即结束静默", "en": "end a silence now"},
    "command.unsilence.done": {"zh-CN": "🔔 {id} 已结束，恢复通知。", "en": "🔔 {id} has ended."},
    "command.unsilence.none": {
        "zh-CN": "没有生效中的静默 {id}，发送 /unsilence 查看。",
        "en": "No silence {id} is active; /unsilence lists those that are.",
    },
    "command.unsilence.nothing": {"zh-CN": "现在没有生效的静默。", "en": "No silence is active."},
    "command.unsilence.which": {
        "zh-CN": "**生效中的静默**，请写明要结束哪个：",
        "en": "**Active silences**; say which to end:",
    },
    "command.unsilence.one": {
        "zh-CN": "{id} {matchers}，{by} 设置，至 {until}",
        "en": "{id} {matchers}, by {by}, until {until}",
    },
    "command.oncall.usage": {
        "zh-CN": "/oncall [值班表 | override 值班表 人名 (时长 | 起 止) [说明] | end 替班号]",
        "en": "/oncall [SCHEDULE | override SCHEDULE PERSON (DURATION | FROM UNTIL) [COMMENT] | end ID]",
    },
    "command.oncall.about": {
        "zh-CN": "现在谁值班，下一班是谁；override 临时替班",
        "en": "who is on call, and who comes then; override: take over for a while",
    },
    "command.oncall.none": {
        "zh-CN": "还没有值班表，请在 config.yaml 的 schedules 里添加。",
        "en": "There are no schedules; add some to schedules in config.yaml.",
    },
    "command.oncall.unknown": {
        "zh-CN": "没有值班表 {name}，现有：{known}",
        "en": "There is no schedule {name}; there is: {known}",
    },
    "command.oncall.overridden": {
        "zh-CN": "{id}：{person} 在 {schedule} 替班，{start} 至 {end}。提前结束：/oncall end {id}",
        "en": "{id}: {person} is on call in {schedule} from {start} until {end}. To end it before: /oncall end {id}",
    },
    "command.oncall.ended": {
        "zh-CN": "{id} 已结束，{schedule} 恢复原来的值班。",
        "en": "{id} has ended; {schedule} is as it was.",
    },
    "command.search.usage": {"zh-CN": "/search 关键词", "en": "/search TEXT"},
    "command.search.about": {
        "zh-CN": "搜索文章和历史事件",
        "en": "search articles and past incidents",
    },
    "command.ask.usage": {"zh-CN": "/ask 问题", "en": "/ask QUESTION"},
    "command.ask.about": {
        "zh-CN": "根据知识库回答，注明出处",
        "en": "an answer from the knowledge base, with its sources",
    },
    "command.similar.usage": {"zh-CN": "/similar [事件号]", "en": "/similar [ID]"},
    "command.similar.about": {
        "zh-CN": "相似的历史事件和文章",
        "en": "past incidents and articles like it",
    },
    "command.runbook.usage": {
        "zh-CN": "/runbook [文章号|事件号|关键词]",
        "en": "/runbook [ID | TEXT]",
    },
    "command.runbook.about": {"zh-CN": "最合适的处理手册", "en": "the runbook that fits best"},
    "command.runbook.none": {
        "zh-CN": "没有找到适合 {id} 的处理手册，可以试试 /search 关键词。",
        "en": "No runbook fits {id}; try /search.",
    },
    "command.runbook.none_for_text": {
        "zh-CN": "没有找到与“{query}”相关的处理手册。",
        "en": "No runbook found for “{query}”.",
    },
    "command.runbook.missing": {
        "zh-CN": "没有文章 {id}，可以试试 /search 关键词。",
        "en": "There is no article {id}; try /search.",
    },
    "command.upload.usage": {"zh-CN": "/upload [路径]", "en": "/upload [PATH]"},
    "command.upload.about": {
        "zh-CN": "上传一个文件；不写路径则列出最近的上传",
        "en": "upload a file; without a path, the latest uploads",
    },
    "command.upload.done": {
        "zh-CN": "⏳ {id} 已排队：{path} → {target}",
        "en": "⏳ {id} is queued: {path} → {target}",
    },
    "command.upload.there": {
        "zh-CN": "✅ {id} 已经上传过，内容没有变化：{path} → {target}",
        "en": "✅ {id} was uploaded before and has not changed: {path} → {target}",
    },
    "command.upload.outside": {
        "zh-CN": "不能上传 {path}：只能上传 files.watch_dir 目录里的文件。",
        "en": "{path} may not be uploaded: only files under files.watch_dir may.",
    },
    "command.upload.missing": {"zh-CN": "没有这个文件：{path}", "en": "There is no file {path}"},
    "command.retry.usage": {
        "zh-CN": "/retry (UPL-7 | NTF-9 | TSK-4 | failed [时长])",
        "en": "/retry (UPL-7 | NTF-9 | TSK-4 | failed [DURATION])",
    },
    "command.retry.about": {
        "zh-CN": "重试失败的上传、通知或任务",
        "en": "try a failed upload, notification or task again",
    },
    "command.retry.upload": {
        "zh-CN": "{id} 已重新排队：{path}",
        "en": "{id} is queued again: {path}",
    },
    "command.retry.notification": {
        "zh-CN": "{id} 会重新发送到 {channel}。",
        "en": "{id} will be sent to {channel} again.",
    },
    "command.retry.task": {"zh-CN": "{id} 已重新排队。", "en": "{id} is queued again."},
    "command.retry.failed": {
        "zh-CN": "最近 {length}失败的已重新排队：上传 {uploads} 个，通知 {notifications} 条。",
        "en": "Queued again of what failed within {length}: {uploads} uploads, {notifications} notifications.",
    },
    "command.retry.nothing": {
        "zh-CN": "最近 {length}没有失败的上传或通知。",
        "en": "No upload or notification failed within {length}.",
    },
    "command.retry.missing": {"zh-CN": "没有 {id}。", "en": "There is no {id}."},
    "command.retry.not_failed": {
        "zh-CN": "{id} 没有失败，不需要重试。",
        "en": "{id} has not failed, so there is nothing to retry.",
    },
    "command.status.usage": {"zh-CN": "/status", "en": "/status"},
    "command.status.about": {"zh-CN": "tocsin 自身的状态", "en": "how tocsin itself does"},
    "command.help.usage": {"zh-CN": "/help [命令]", "en": "/help [COMMAND]"},
    "command.help.about": {
        "zh-CN": "全部命令，或一个命令的用法",
        "en": "all commands, or one of them",
    },
    "command.help.head": {"zh-CN": "**可以使用的命令**", "en": "**What you can type**"},
    "command.help.unknown": {
        "zh-CN": "没有 /{name} 这个命令，发送 /help 查看全部。",
        "en": "There is no command /{name}; /help lists them all.",
    },
}
