"""What the rule-based analysis and `/ask` say."""

from __future__ import annotations

_LEXICON: dict[str, tuple[tuple[str, str, str], tuple[str, str, str]]] = {
    # kind: zh-CN and en, each (name, likely cause, first action)
    "inode": (
        ("inode 耗尽", "文件数量过多，inode 已用完或接近用完，空间有余也无法再建文件。",
         "用 df -i 确认挂载点，找出小文件最多的目录（会话、缓存、邮件队列）并按规范清理。"),
        ("inodes used up", "Too many files: the inodes are nearly or fully used, so that no file can be created though space is left.",
         "Check the mount point with df -i, find the directory with the most small files (sessions, cache, mail queue) and clean it up."),
    ),
    "disk_full": (
        ("磁盘空间不足", "磁盘空间已满或接近写满，写入会失败。",
         "用 df -h 和 du 找出占用最大的目录，先清理或归档旧日志与临时文件，再评估扩容。"),
        ("disk full", "The disk is full or nearly full, so that writes fail.",
         "Find the largest directories with df -h and du, archive or remove old logs and temporary files, then consider more space."),
    ),
    "read_only": (
        ("文件系统只读或磁盘故障", "文件系统变为只读或磁盘读写出错，可能是硬件或存储故障。",
         "查看 dmesg 与存储状态，确认是否硬件故障；先把流量切走，再修复或更换磁盘。"),
        ("read-only file system or disk fault", "The file system turned read-only or the disk gives I/O errors; hardware or storage may be failing.",
         "Look at dmesg and the storage's state; move traffic away first, then repair or replace the disk."),
    ),
    "gc": (
        ("垃圾回收频繁", "JVM 频繁或长时间 Full GC，停顿会拖慢请求。",
         "导出堆转储并查看 GC 日志，确认是内存泄漏还是堆太小；必要时先重启受影响实例止血。"),
        ("garbage collection", "The JVM runs frequent or long full GCs, and the pauses slow requests down.",
         "Take a heap dump and read the GC log: a leak, or too small a heap? Restart the affected instance to stop the bleeding if needed."),
    ),
    "redis_memory": (
        ("Redis 内存达到上限", "Redis 内存到达 maxmemory，写命令会被拒绝。",
         "用 INFO memory 与 --bigkeys 找出大 key 和没有过期时间的 key，确认淘汰策略，再评估扩容。"),
        ("Redis memory limit", "Redis has reached maxmemory and refuses writes.",
         "Find big keys and keys without expiry with INFO memory and --bigkeys, check the eviction policy, then consider more memory."),
    ),
    "memory": (
        ("内存不足", "内存耗尽（OOM），进程可能已被杀死或无法再分配内存。",
         "确认被杀的进程和内存曲线，导出堆或内存画像；必要时先重启实例或调高上限止血。"),
        ("out of memory", "Memory ran out (OOM): the process may have been killed or cannot allocate any more.",
         "Find the killed process and its memory curve, take a heap or memory profile; restart the instance or raise its limit to stop the bleeding."),
    ),
    "crash_loop": (
        ("容器反复重启", "容器启动后反复退出，可能是配置、依赖或探针有问题。",
         "用 kubectl logs --previous 和 describe 查看上次退出的原因，若刚发布过则先回滚。"),
        ("container crash loop", "The container keeps exiting after its start: configuration, a dependency or a probe may be wrong.",
         "Read the last exit with kubectl logs --previous and describe; roll back first if there was a release."),
    ),
    "image_pull": (
        ("镜像拉取失败", "节点拉不到镜像：标签不存在、仓库不可达或凭证失效。",
         "核对镜像名与标签，检查仓库连通性和拉取凭证。"),
        ("image pull failing", "The node cannot pull the image: no such tag, registry out of reach, or credentials not valid.",
         "Check the image's name and tag, the way to the registry, and the pull credentials."),
    ),
    "pool": (
        ("连接池或连接数耗尽", "连接池或数据库连接数已用完，新请求拿不到连接。",
         "查看活跃连接与慢查询，找出不归还连接的调用；必要时先重启实例或临时调高上限。"),
        ("connection pool exhausted", "The connection pool or the database's connections are used up, so new requests get none.",
         "Look at active connections and slow queries and find who does not give connections back; restart the instance or raise the limit for a while if needed."),
    ),
    "deadlock": (
        ("数据库死锁或锁等待", "事务互相等待锁，部分请求被回滚或超时。",
         "查看死锁日志与当前事务，找出持锁最久的会话，统一加锁顺序或缩短事务。"),
        ("deadlock or lock wait", "Transactions wait for each other's locks; some are rolled back or time out.",
         "Read the deadlock report and the running transactions, find the session that holds locks longest, order or shorten transactions."),
    ),
    "replication": (
        ("主从复制异常", "从库复制延迟或中断，读到的数据可能是旧的。",
         "查看复制状态与错误位置，检查大事务、网络和从库负载；先把读流量切回主库。"),
        ("replication trouble", "The replica lags or has stopped; reads from it may be stale.",
         "Look at the replication state and the last error, check large transactions, network and the replica's load; move reads to the primary first."),
    ),
    "kafka_lag": (
        ("消费堆积", "消费速度跟不上生产速度，消息堆积。",
         "查看消费组各分区的 lag 与消费者日志，确认是否有卡住的消费者，再扩消费者数量。"),
        ("consumer lag", "Consumers are slower than producers and messages pile up.",
         "Look at the lag per partition and the consumers' logs for one that is stuck, then add consumers."),
    ),
    "certificate": (
        ("证书问题", "TLS 证书过期、即将过期或不受信任，握手会失败。",
         "用 openssl s_client 查看有效期与证书链，续签并重新加载使用该证书的服务。"),
        ("certificate", "A TLS certificate has expired, is about to, or is not trusted, so handshakes fail.",
         "Read its dates and chain with openssl s_client, renew it, and reload the services that use it."),
    ),
    "dns": (
        ("域名解析失败", "域名解析失败，服务找不到对端。",
         "在出错的主机上用 dig 测试解析，检查 DNS 服务、resolv.conf 和最近的域名变更。"),
        ("DNS failure", "A name cannot be resolved, so the service does not find its peer.",
         "Test the name with dig on that host; check the DNS servers, resolv.conf and recent changes of names."),
    ),
    "clock": (
        ("时钟不同步", "主机时间与标准时间偏差过大，签名、证书或数据排序会出错。",
         "用 chronyc tracking 查看偏差，恢复 NTP 同步，确认上游时间源可达。"),
        ("clock skew", "The host's clock is off; signatures, certificates or the order of data go wrong.",
         "Read the offset with chronyc tracking, restore NTP, and check that its sources can be reached."),
    ),
    "file_limit": (
        ("文件句柄耗尽", "进程打开的文件数达到上限，新连接和文件都打不开。",
         "用 lsof 统计句柄类型，确认是否泄漏；必要时调高 LimitNOFILE 并重启。"),
        ("too many open files", "The process has reached its limit of open files; no new connection or file can be opened.",
         "Count what is open with lsof: is it a leak? Raise LimitNOFILE and restart if needed."),
    ),
    "refused": (
        ("连接被拒绝", "对端端口没有监听或主动拒绝连接，依赖的服务可能没有运行。",
         "确认对端服务是否存活、端口是否监听，检查最近的发布和防火墙规则。"),
        ("connection refused", "Nothing listens on the peer's port, or it refuses: the service it depends on may be down.",
         "Check that the peer runs and listens, and look at recent releases and firewall rules."),
    ),
    "unreachable": (
        ("主机或网络不可达", "目标主机或网络不可达，可能宕机或路由有问题。",
         "检查主机存活、路由与安全组；若主机失联，从控制台查看并切换流量。"),
        ("host or network unreachable", "The target cannot be reached: it is down, or the route is broken.",
         "Check that the host is up, its routes and security groups; if it is lost, look from the console and move traffic away."),
    ),
    "reset": (
        ("连接被中断", "连接在传输中被对端或中间设备断开。",
         "对照对端日志与超时设置，检查负载均衡、防火墙的空闲超时和对端是否重启。"),
        ("connection reset", "The peer or a device between closed the connection halfway.",
         "Compare the peer's log and timeouts; check idle timeouts of load balancer and firewall, and whether the peer restarted."),
    ),
    "upstream": (
        ("上游服务出错", "上游服务返回 5xx 或网关拿不到上游的响应。",
         "查看上游实例的错误日志与健康检查，若刚发布过则先回滚，必要时摘除异常实例。"),
        ("upstream errors", "An upstream service answers 5xx, or the gateway gets no answer from it.",
         "Read the upstream's error log and health checks; roll back first if there was a release, or take bad instances out."),
    ),
    "rate_limit": (
        ("触发限流", "请求被对端限流。",
         "确认调用量是否突增，加退避与缓存，必要时申请提高配额。"),
        ("rate limited", "The other side throttles the requests.",
         "Check whether calls rose suddenly, add backoff and caching, ask for a higher quota if needed."),
    ),
    "auth": (
        ("认证或授权失败", "凭证错误、过期或权限不够，请求被拒绝。",
         "核对凭证是否过期或刚轮换，检查账号权限；若失败来自陌生来源，按安全事件处理。"),
        ("authentication failure", "Credentials are wrong or expired, or rights are missing, so requests are refused.",
         "Check whether credentials expired or were rotated, and the account's rights; treat failures from unknown sources as a security matter."),
    ),
    "permission": (
        ("权限不足", "进程没有访问文件或执行操作的权限。",
         "核对运行用户与文件属主、SELinux 或 AppArmor 规则，以及最近的权限变更。"),
        ("permission denied", "The process may not touch a file or do an operation.",
         "Compare its user with the file's owner, SELinux or AppArmor rules, and recent changes of rights."),
    ),
    "upload": (
        ("上传失败", "文件上传到对象存储失败。",
         "检查目标桶、凭证、网络与端点设置，修复后重试失败的上传。"),
        ("upload failing", "Files cannot be uploaded to object storage.",
         "Check bucket, credentials, network and endpoint, then retry the failed uploads."),
    ),
    "cpu": (
        ("CPU 或负载过高", "CPU 使用率或系统负载过高，请求变慢。",
         "用 top 或火焰图找出占用最高的进程与函数，对照最近的发布与流量。"),
        ("high CPU or load", "CPU use or load is high and requests slow down.",
         "Find the busiest process and function with top or a flame graph; compare with releases and traffic."),
    ),
    "missing": (
        ("文件或依赖缺失", "程序找不到需要的文件、类或模块。",
         "核对部署包与路径是否完整，若刚发布过则对比上一版本。"),
        ("missing file or module", "The program does not find a file, class or module it needs.",
         "Check the package and paths; compare with the version before if there was a release."),
    ),
    "null": (
        ("空值错误", "代码访问了空值，多为未处理的数据或刚引入的缺陷。",
         "从栈的第一行业务代码入手，确认触发的数据；若刚发布过则先回滚。"),
        ("null value", "The code used a null value: data it does not expect, or a new defect.",
         "Start at the first frame of your own code and find the data that triggers it; roll back first if there was a release."),
    ),
    "timeout": (
        ("调用超时", "调用超时：对端过慢、网络不畅或超时设得太短。",
         "确认是哪一个依赖变慢，查看其延迟与负载；检查慢查询与网络丢包。"),
        ("timeout", "A call timed out: the peer is slow, the network poor, or the timeout too short.",
         "Find which dependency slowed down and look at its latency and load; check slow queries and packet loss."),
    ),
    "crash": (
        ("进程崩溃", "进程因致命错误退出。",
         "查看退出前的栈与 core 文件，确认版本与触发条件；必要时先回滚或重启。"),
        ("process crash", "The process ended with a fatal error.",
         "Read the stack and core file of its end, find version and trigger; roll back or restart if needed."),
    ),
}  # fmt: skip

TEXTS: dict[str, dict[str, str]] = {
    "analysis.incident": {
        "zh-CN": "{title}：{alerts} 条告警，共 {events} 次。",
        "en": "{title}: {alerts} alert(s), {events} event(s).",
    },
    "analysis.text": {
        "zh-CN": "共 {lines} 行，其中 {bad} 行像是错误或警告。",
        "en": "{lines} line(s), {bad} of which look like errors or warnings.",
    },
    "analysis.quiet": {
        "zh-CN": "共 {lines} 行，没有发现错误特征。",
        "en": "{lines} line(s) without any sign of an error.",
    },
    "analysis.empty": {"zh-CN": "没有可分析的内容。", "en": "There is nothing to analyse."},
    "analysis.kind": {
        "zh-CN": "主要现象是{kind}：“{quote}”。",
        "en": "It looks like {kind}: “{quote}”.",
    },
    "analysis.first_error": {
        "zh-CN": "最先出现的错误是“{quote}”。",
        "en": "The first error is “{quote}”.",
    },
    "analysis.most_repeated": {
        "zh-CN": "出现最多的是“{quote}”（{count} 次）。",
        "en": "Most repeated is “{quote}” ({count} times).",
    },
    "analysis.similar": {
        "zh-CN": "与 {id}《{title}》相似，当时的处理：{fix}",
        "en": "It resembles {id} “{title}”, which was fixed so: {fix}",
    },
    "analysis.similar_unfixed": {
        "zh-CN": "与 {id}《{title}》相似。",
        "en": "It resembles {id} “{title}”.",
    },
    "analysis.root_exception": {
        "zh-CN": "异常的根源是 {type}：{message}",
        "en": "At the root of the exception is {type}: {message}",
    },
    "analysis.root_exception_bare": {
        "zh-CN": "异常的根源是 {type}",
        "en": "At the root of the exception is {type}",
    },
    "analysis.at_frame": {"zh-CN": "（位置 {frame}）", "en": " (at {frame})"},
    "analysis.cause_similar": {
        "zh-CN": "现象与 {id}《{title}》相近，原因可能相同。",
        "en": "It looks like {id} “{title}”; the cause may be the same.",
    },
    "analysis.unknown_no_log": {
        "zh-CN": "没有日志原文，只有告警本身的信息。",
        "en": "There is no log text, only what the alerts say.",
    },
    "analysis.unknown_no_similar": {
        "zh-CN": "知识库里没有找到相似的历史事件或文章。",
        "en": "The knowledge base has no similar incident or article.",
    },
    "analysis.unknown_no_kind": {
        "zh-CN": "没有识别出已知类型的故障，根因尚不清楚。",
        "en": "No known kind of trouble was recognised; the root cause is open.",
    },
    "analysis.unknown_truncated": {
        "zh-CN": "内容过长，只读了其中一部分。",
        "en": "The input was too long; only a part of it was read.",
    },
    **{
        f"lexicon.{kind}.{part}": {"zh-CN": zh[at], "en": en[at]}
        for kind, (zh, en) in _LEXICON.items()
        for at, part in enumerate(("name", "cause", "action"))
    },
    "ask.nothing": {
        "zh-CN": "知识库里没有与这个问题相近的内容，因此无法回答。可以换个说法，或用 /search 查找。",
        "en": "The knowledge base holds nothing close to this question, so there is no answer. "
        "Try other words, or /search.",
    },
    "ask.extract": {"zh-CN": "《{title}》：\n{lines}", "en": "{title}:\n{lines}"},
}
