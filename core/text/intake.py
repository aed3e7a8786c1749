"""What the sources say of themselves."""

TEXTS: dict[str, dict[str, str]] = {
    "intake.watch_dir_missing": {
        "zh-CN": "监听目录 {directory} 不可用（{why}），其中的新文件暂时不会上传",
        "en": "The watched directory {directory} cannot be read ({why}); its new files are not uploaded meanwhile",
    },
    "intake.watch_dir_back": {
        "zh-CN": "监听目录 {directory} 已恢复",
        "en": "The watched directory {directory} can be read again",
    },
}
