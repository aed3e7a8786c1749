"""What the knowledge base says: why something was found, and the write-back draft."""

TEXTS: dict[str, dict[str, str]] = {
    "found.name": {"zh-CN": "名称相同", "en": "same name"},
    "found.words": {"zh-CN": "词：{words}", "en": "words: {words}"},
    "found.same": {"zh-CN": "相同：{labels}", "en": "same {labels}"},
    "found.meaning": {"zh-CN": "含义相近", "en": "similar meaning"},
    "found.comma": {"zh-CN": "、", "en": ", "},
    "found.join": {"zh-CN": "；", "en": "; "},
    "knowledge.loading": {"zh-CN": "正在载入知识库", "en": "loading the knowledge base"},
    "knowledge.embedding": {
        "zh-CN": "{documents} 篇可检索，其中 {waiting} 篇正在计算向量",
        "en": "{documents} document(s) found by words, {waiting} of them not yet by meaning",
    },
    "knowledge.ready": {
        "zh-CN": "{documents} 篇，{passages} 段",
        "en": "{documents} document(s), {passages} passage(s)",
    },
    "knowledge.words_only": {
        "zh-CN": "{documents} 篇可检索；向量模型不可用，只按词检索：{error}",
        "en": "{documents} document(s), found by words alone as the embedder fails: {error}",
    },
    "knowledge.failing": {
        "zh-CN": "知识库没有更新：{error}",
        "en": "the knowledge base is not kept up to date: {error}",
    },
    "article.imported": {"zh-CN": "从 {path} 导入", "en": "Imported from {path}"},
    "article.rolled_back": {"zh-CN": "恢复到版本 {version}", "en": "Back to version {version}"},
    "writeback.title": {
        "zh-CN": "{title} 处理记录",
        "en": "{title}: what happened and what helped",
    },
    "writeback.reason": {
        "zh-CN": "由 {incident} 自动整理，待人工审核",
        "en": "Drafted from {incident}; to be reviewed by a person",
    },
    "writeback.symptoms": {"zh-CN": "现象", "en": "Symptoms"},
    "writeback.impact": {"zh-CN": "影响", "en": "Impact"},
    "writeback.diagnosis": {"zh-CN": "诊断", "en": "Diagnosis"},
    "writeback.fix": {"zh-CN": "处理", "en": "Fix"},
    "writeback.timeline": {"zh-CN": "时间线", "en": "Timeline"},
    "writeback.alert": {
        "zh-CN": "{summary}（{severity}，{count} 次）",
        "en": "{summary} ({severity}, {count} times)",
    },
    "writeback.lasted": {
        "zh-CN": "从 {start} 到 {end}，持续 {duration}，共 {alerts} 条告警，级别 {severity}。",
        "en": "From {start} to {end}, for {duration}; {alerts} alert(s), severity {severity}.",
    },
    "writeback.labels": {"zh-CN": "涉及：{labels}", "en": "Concerned: {labels}"},
    "writeback.acknowledged": {
        "zh-CN": "{by} 在 {after} 后确认。",
        "en": "Acknowledged by {by} after {after}.",
    },
    "writeback.no_diagnosis": {
        "zh-CN": "没有记录诊断过程，请补充。",
        "en": "No diagnosis was recorded; please add it.",
    },
    "writeback.no_fix": {
        "zh-CN": "没有人记录处理方法：告警自行恢复。如果做过处理，请补充。",
        "en": "Nobody recorded a fix: the alerts cleared by themselves. Please add what was done.",
    },
}
