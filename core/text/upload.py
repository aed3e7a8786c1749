"""What the upload room says: to who asks for an upload, and in the alert about failures."""

TEXTS: dict[str, dict[str, str]] = {
    "upload.not_a_path": {"zh-CN": "请给出文件的路径", "en": "Give the path of a file"},
    "upload.outside": {
        "zh-CN": "{path} 不在任何受监控的目录（files.watch_dir）之内，不能上传",
        "en": "{path} lies in no watched directory (files.watch_dir), so it cannot be uploaded",
    },
    "upload.no_file": {"zh-CN": "文件 {path} 不存在", "en": "There is no file {path}"},
    "upload.not_regular": {
        "zh-CN": "{path} 不是普通文件（目录、管道、设备等不能上传）",
        "en": "{path} is not a regular file; directories, pipes and devices are not uploaded",
    },
    "upload.unknown": {"zh-CN": "没有上传任务 {id}", "en": "There is no upload {id}"},
    "upload.not_retriable": {
        "zh-CN": "{id} 的状态是“{state}”，只有失败或已取消的上传可以重试",
        "en": "{id} is {state}; only an upload that failed or was canceled can be retried",
    },
    "upload.not_cancelable": {
        "zh-CN": "{id} 已结束（状态“{state}”），不能取消",
        "en": "{id} is {state}; only an upload that waits or runs can be canceled",
    },
    "upload.alert.summary": {
        "zh-CN": "{source} 有 {count} 个文件未能上传到 {target}：{why}。最近一个：{path}",
        "en": "{source}: {count} file(s) could not be uploaded to {target}: {why}. The last one: {path}",
    },
    "upload.alert.recovered": {
        "zh-CN": "{source} 到 {target} 的上传已恢复，最近成功：{path}",
        "en": "{source}: uploads to {target} succeed again. The last one: {path}",
    },
    "upload.reason.network": {
        "zh-CN": "连不上存储或传输中断",
        "en": "the storage cannot be reached or the transfer broke off",
    },
    "upload.reason.throttled": {
        "zh-CN": "存储正在限流",
        "en": "the storage is throttling requests",
    },
    "upload.reason.auth": {
        "zh-CN": "存储拒绝了凭证或没有权限",
        "en": "the storage refused the credentials or the permission is missing",
    },
    "upload.reason.not_found": {
        "zh-CN": "存储桶不存在",
        "en": "the bucket does not exist",
    },
    "upload.reason.bad_digest": {
        "zh-CN": "校验和不一致",
        "en": "the checksum does not match",
    },
    "upload.reason.local_file_gone": {
        "zh-CN": "本地文件在上传前消失了",
        "en": "the local file was gone before it could be uploaded",
    },
    "upload.reason.disk_full": {
        "zh-CN": "目标磁盘已满",
        "en": "the target's disk is full",
    },
    "upload.reason.canceled": {"zh-CN": "上传被取消", "en": "the upload was canceled"},
    "upload.reason.other": {"zh-CN": "其他错误", "en": "another error"},
}
