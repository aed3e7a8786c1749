"""What /docs and /openapi.json say about the API."""

TEXTS: dict[str, dict[str, str]] = {
    "http.docs.intro": {
        "zh-CN": "除 /healthz、/readyz、/metrics、钩子和登录页外，每个请求都要带 Authorization: Bearer 令牌；浏览器使用登录会话，改动数据时还要带 X-CSRF-Token。出错时返回 application/problem+json（RFC 9457）。时间为 UTC。",
        "en": "Send Authorization: Bearer with every call but /healthz, /readyz, /metrics, the hooks and the sign-in page; browsers use their session, and X-CSRF-Token when they change something. Errors are application/problem+json (RFC 9457). Times are UTC.",
    },
    "http.docs.done": {"zh-CN": "成功", "en": "Done"},
    "http.docs.role": {"zh-CN": "所需角色", "en": "Role"},
    "http.docs.no_role": {"zh-CN": "无（见说明）", "en": "none (see above)"},
    "http.docs.body": {"zh-CN": "请求体", "en": "Body"},
    "http.docs.filters": {"zh-CN": "筛选", "en": "Filters"},
    "http.docs.shapes": {"zh-CN": "数据结构", "en": "Shapes"},
    "http.group.events": {"zh-CN": "上报", "en": "Events"},
    "http.group.rejected": {"zh-CN": "被拒绝的输入", "en": "Rejected input"},
    "http.group.hooks": {"zh-CN": "入站钩子", "en": "Inbound hooks"},
    "http.group.alertmanager": {"zh-CN": "Alertmanager 接口", "en": "Alertmanager's API"},
    "http.group.alerts": {"zh-CN": "告警", "en": "Alerts"},
    "http.group.incidents": {"zh-CN": "事件", "en": "Incidents"},
    "http.group.schedules": {"zh-CN": "值班", "en": "On call"},
    "http.group.rules": {"zh-CN": "规则", "en": "Rules"},
    "http.group.silences": {"zh-CN": "静默", "en": "Silences"},
    "http.group.notifications": {"zh-CN": "通知", "en": "Notifications"},
    "http.group.uploads": {"zh-CN": "上传", "en": "Uploads"},
    "http.group.articles": {"zh-CN": "知识库文章", "en": "Articles"},
    "http.group.knowledge": {"zh-CN": "检索、问答与分析", "en": "Search, questions, analyses"},
    "http.group.audit": {"zh-CN": "审计", "en": "Audit"},
    "http.group.live": {"zh-CN": "实时推送", "en": "Live stream"},
    "http.group.health": {"zh-CN": "健康与指标", "en": "Health and metrics"},
    "http.group.docs": {"zh-CN": "接口说明", "en": "This description"},
    "http.route.events.post": {
        "zh-CN": "上报一条或一批原始事件；返回 202 时已经落盘",
        "en": "Send one event or a batch; a 202 means that they are on disk",
    },
    "http.route.events.one": {
        "zh-CN": "查看一条原始事件及其所属的告警",
        "en": "One event, with the alert it belongs to",
    },
    "http.route.rejected.list": {
        "zh-CN": "列出无法使用的输入及原因",
        "en": "What was sent and could not be used, with the reason",
    },
    "http.route.rejected.replay": {
        "zh-CN": "重新处理一条被拒绝的输入",
        "en": "Try a rejected input again",
    },
    "http.route.hooks.post": {
        "zh-CN": "接收其他系统的推送，使用该钩子自己的凭证",
        "en": "Take another system's payload, with the hook's own credential",
    },
    "http.route.alertmanager.alerts": {
        "zh-CN": "列出正在触发的告警（Alertmanager 格式）；参数 filter、active、silenced、inhibited、receiver",
        "en": "Firing alerts in Alertmanager's shape; filter, active, silenced, inhibited, receiver",
    },
    "http.route.alertmanager.post": {
        "zh-CN": "接收 Prometheus、amtool 的告警；返回 200 时已经落盘",
        "en": "Take alerts from Prometheus or amtool; a 200 means that they are on disk",
    },
    "http.route.alertmanager.groups": {
        "zh-CN": "按接收者和分组列出告警",
        "en": "Alerts by receiver and group",
    },
    "http.route.alertmanager.silences": {
        "zh-CN": "列出静默（Alertmanager 格式）",
        "en": "Silences in Alertmanager's shape",
    },
    "http.route.alertmanager.silence": {
        "zh-CN": "新建静默，带 id 则修改",
        "en": "Make a silence; with an id, change it",
    },
    "http.route.alertmanager.one_silence": {
        "zh-CN": "按 UUID 查看一条静默",
        "en": "One silence, by its UUID",
    },
    "http.route.alertmanager.end_silence": {
        "zh-CN": "按 UUID 结束静默",
        "en": "End a silence, by its UUID",
    },
    "http.route.alertmanager.receivers": {"zh-CN": "列出接收者", "en": "Receivers"},
    "http.route.alertmanager.status": {
        "zh-CN": "版本、集群与配置",
        "en": "Version, cluster and configuration",
    },
    "http.route.alerts.list": {
        "zh-CN": "列出告警，最新的在前",
        "en": "Alerts, newest first",
    },
    "http.route.alerts.one": {"zh-CN": "查看一条告警", "en": "One alert"},
    "http.route.alerts.why": {
        "zh-CN": "说明这条告警为什么通知了、或没有通知",
        "en": "Why this alert was, or was not, told to people",
    },
    "http.route.incidents.list": {
        "zh-CN": "列出事件，最新的在前",
        "en": "Incidents, newest first",
    },
    "http.route.incidents.one": {
        "zh-CN": "查看一个事件，含分析、相似事件和时间线",
        "en": "One incident with its analysis, what resembles it, and its timeline",
    },
    "http.route.incidents.acknowledge": {
        "zh-CN": "确认：有人在处理，可用 for 限定时长",
        "en": "Acknowledge: someone works on it; `for` says how long that holds",
    },
    "http.route.incidents.unacknowledge": {
        "zh-CN": "取消确认",
        "en": "Take the acknowledgement back",
    },
    "http.route.incidents.resolve": {
        "zh-CN": "关闭，comment 写明处理方法",
        "en": "Resolve; the comment is what fixed it",
    },
    "http.route.incidents.reopen": {"zh-CN": "重新打开", "en": "Reopen"},
    "http.route.incidents.assign": {"zh-CN": "指派给 to", "en": "Assign to `to`"},
    "http.route.incidents.note": {
        "zh-CN": "在时间线上添加备注 comment",
        "en": "Add the comment to the timeline",
    },
    "http.route.incidents.escalate": {
        "zh-CN": "升级：立即再次通知接收者",
        "en": "Escalate: tell its receivers again, now",
    },
    "http.route.rules.list": {
        "zh-CN": "列出规则（配置文件里的和接口创建的），按名称排序",
        "en": "Rules, of the settings file and made by API, by name",
    },
    "http.route.rules.create": {
        "zh-CN": "新建规则，立即生效",
        "en": "Make a rule; it is in force at once",
    },
    "http.route.rules.one": {"zh-CN": "查看一条规则", "en": "One rule"},
    "http.route.rules.update": {
        "zh-CN": "修改规则，产生新版本；配置文件里的规则不能在此修改",
        "en": "Change a rule, which makes a version; rules of the settings file are read-only",
    },
    "http.route.rules.delete": {
        "zh-CN": "删除规则，历史版本保留",
        "en": "Delete a rule; its versions stay",
    },
    "http.route.rules.dry_run": {
        "zh-CN": "试运行：最近几小时的事件会触发哪些告警（不发送、不保存）",
        "en": "Dry run: what rules would have raised in the last hours; nothing is sent or kept",
    },
    "http.route.rules.versions": {
        "zh-CN": "一条规则的所有版本，最新的在前",
        "en": "The versions of a rule, newest first",
    },
    "http.route.rules.rollback": {
        "zh-CN": "把旧版本恢复为新版本；已删除的规则会回来",
        "en": "Make an old version the newest; a deleted rule comes back",
    },
    "http.route.silences.list": {
        "zh-CN": "列出静默，最新的在前",
        "en": "Silences, newest first",
    },
    "http.route.silences.create": {"zh-CN": "新建静默", "en": "Make a silence"},
    "http.route.silences.one": {"zh-CN": "查看一条静默", "en": "One silence"},
    "http.route.silences.edit": {"zh-CN": "修改静默", "en": "Change a silence"},
    "http.route.silences.end": {"zh-CN": "立即结束静默", "en": "End a silence now"},
    "http.route.schedules.list": {
        "zh-CN": "列出值班表，含现在和下一班的值班人",
        "en": "On-call schedules, with who is on call and who comes then",
    },
    "http.route.schedules.one": {
        "zh-CN": "查看一个值班表，at 指定时刻",
        "en": "One schedule, at the moment `at`",
    },
    "http.route.schedules.override": {
        "zh-CN": "临时替班",
        "en": "Put someone on call for a while",
    },
    "http.route.schedules.end_override": {
        "zh-CN": "立即结束替班",
        "en": "End an override now",
    },
    "http.route.notifications.list": {
        "zh-CN": "列出通知，最新的在前",
        "en": "Notifications, newest first",
    },
    "http.route.notifications.one": {"zh-CN": "查看一条通知", "en": "One notification"},
    "http.route.notifications.retry": {
        "zh-CN": "重发失败的通知",
        "en": "Send a failed notification again",
    },
    "http.route.uploads.list": {
        "zh-CN": "列出上传，最新的在前",
        "en": "Uploads, newest first",
    },
    "http.route.uploads.create": {"zh-CN": "手动上传一个文件", "en": "Upload a file by hand"},
    "http.route.uploads.one": {"zh-CN": "查看一个上传", "en": "One upload"},
    "http.route.uploads.retry": {"zh-CN": "重试失败的上传", "en": "Try a failed upload again"},
    "http.route.uploads.cancel": {"zh-CN": "取消上传", "en": "Cancel an upload"},
    "http.route.articles.list": {
        "zh-CN": "列出文章（不含正文），最新的在前",
        "en": "Articles without their bodies, newest first",
    },
    "http.route.articles.create": {"zh-CN": "新建文章草稿", "en": "Write a draft"},
    "http.route.articles.one": {
        "zh-CN": "查看文章，ETag 为版本号",
        "en": "One article; its ETag is the version",
    },
    "http.route.articles.update": {
        "zh-CN": "修改文章，产生新版本；可用 If-Match 防止覆盖他人修改",
        "en": "Change an article, which makes a version; If-Match keeps others' changes",
    },
    "http.route.articles.versions": {"zh-CN": "查看历史版本", "en": "Every version"},
    "http.route.articles.submit": {"zh-CN": "提交审核", "en": "Submit for review"},
    "http.route.articles.approve": {"zh-CN": "通过审核并发布", "en": "Approve and publish"},
    "http.route.articles.reject": {"zh-CN": "退回修改", "en": "Send back to its author"},
    "http.route.articles.archive": {"zh-CN": "归档", "en": "Archive"},
    "http.route.articles.rollback": {"zh-CN": "恢复到某个版本", "en": "Go back to a version"},
    "http.route.knowledge.search": {
        "zh-CN": "检索文章和历史事件",
        "en": "Search articles and past incidents",
    },
    "http.route.knowledge.ask": {
        "zh-CN": "向知识库提问，回答附引用",
        "en": "Ask the knowledge base; the answer cites its sources",
    },
    "http.route.knowledge.analyse": {
        "zh-CN": "分析一段文本、一个文件或一个事件",
        "en": "Analyse a text, a file or an incident",
    },
    "http.route.audit.list": {
        "zh-CN": "列出审计记录，最新的在前",
        "en": "The audit log, newest first",
    },
    "http.route.live.stream": {
        "zh-CN": "以服务器推送事件（SSE）接收变化",
        "en": "Changes as they happen (server-sent events)",
    },
    "http.route.health.healthz": {"zh-CN": "进程存活", "en": "Whether the process lives"},
    "http.route.health.readyz": {
        "zh-CN": "各部件是否就绪及原因，未就绪时为 503",
        "en": "Whether each part is ready, and why not; 503 when one is not",
    },
    "http.route.health.metrics": {
        "zh-CN": "Prometheus 指标；设置了 metrics.token 时需要令牌",
        "en": "Prometheus metrics; with metrics.token set they ask for it",
    },
    "http.route.docs.openapi": {"zh-CN": "OpenAPI 3.1 描述", "en": "OpenAPI 3.1 description"},
    "http.route.docs.page": {"zh-CN": "本页面", "en": "This page"},
    "http.filter.at": {
        "zh-CN": "时刻（RFC 3339），默认现在",
        "en": "A moment (RFC 3339); now by default",
    },
    "http.filter.limit": {"zh-CN": "每页条数", "en": "Items a page"},
    "http.filter.cursor": {
        "zh-CN": "上一页返回的 next_cursor",
        "en": "The next_cursor of the page before",
    },
    "http.filter.since": {
        "zh-CN": "起始时刻（含），RFC 3339 或 2h 这样的时长",
        "en": "From this moment on: RFC 3339, or a span such as 2h",
    },
    "http.filter.until": {
        "zh-CN": "截止时刻（不含），RFC 3339 或 2h 这样的时长",
        "en": "Before this moment: RFC 3339, or a span such as 2h",
    },
    "http.filter.q": {"zh-CN": "包含的文字", "en": "Text that must stand in it"},
    "http.filter.status": {
        "zh-CN": "状态，可重复或用逗号分隔",
        "en": "Status; repeat it or separate by commas",
    },
    "http.filter.severity": {
        "zh-CN": "级别，可重复或用逗号分隔",
        "en": "Severity; repeat it or separate by commas",
    },
    "http.filter.label": {
        "zh-CN": "标签，如 app=shop，可重复",
        "en": "A label such as app=shop; may be repeated",
    },
    "http.status.400": {"zh-CN": "不是 JSON", "en": "Not JSON"},
    "http.status.401": {"zh-CN": "缺少凭证或凭证错误", "en": "No credential, or a wrong one"},
    "http.status.403": {"zh-CN": "没有权限", "en": "Not allowed"},
    "http.status.404": {"zh-CN": "不存在", "en": "No such object"},
    "http.status.409": {
        "zh-CN": "当前状态不允许这一步",
        "en": "Its status does not allow this step",
    },
    "http.status.412": {"zh-CN": "已被他人修改", "en": "Someone else was faster"},
    "http.status.413": {"zh-CN": "请求体过大", "en": "The body is too large"},
    "http.status.415": {"zh-CN": "请求体不是 JSON 类型", "en": "The body is of another type"},
    "http.status.422": {"zh-CN": "某个值不正确", "en": "A value is wrong"},
    "http.status.429": {"zh-CN": "请求过于频繁", "en": "Too many requests"},
    "http.status.502": {
        "zh-CN": "需要询问的平台没有正常应答，请稍后重试",
        "en": "A platform that had to be asked did not answer as it should; try again",
    },
    "http.status.503": {"zh-CN": "暂时不可用，请稍后重试", "en": "Not available now; try again"},
}
